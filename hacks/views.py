from collections.abc import Callable, Mapping
from functools import lru_cache
from hashlib import blake2s
from operator import attrgetter
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import BadRequest
from django.core.paginator import Paginator
from django.db.models import QuerySet, TextField, Value
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.defaultfilters import pluralize
from django.urls import reverse
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.http import quote_etag
from django.utils.safestring import SafeString
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect, push_url

from accounts.models import Member
from database.compiled import compiled
from hacks import actions, rules
from hacks.catalogue import CARD_FIELDS, Card, find_hacks
from hacks.forms import CatalogueForm, NotesForm
from hacks.guides import render_guide
from hacks.models import Hack, HackCategory
from hacks.shared_pages import shared_page

PAGE_SIZE = 24


@require_safe
@shared_page
def hack_list(request: HttpRequest) -> HttpResponse:
    form = CatalogueForm(request.GET, member=request.member, categories=_categories())
    page = Paginator(_found(request.member, form.filters), PAGE_SIZE).get_page(request.GET.get("page"))
    page.object_list = [Card(*row, is_members=request.member is not None) for row in page.object_list]
    count = page.paginator.count
    context = {
        "form": form,
        "page_obj": page,
        "count": f"{count or 'No'} hack{pluralize(count)}{' found' * bool(form.filters)}",
    }
    # The address is the same for the page and for its results alone.
    is_update = request.htmx and request.htmx.target == "results" and not request.htmx.history_restore_request
    response = render(request, "hacks/_hack_results.html" if is_update else "hacks/hack_list.html", context)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return push_url(response, f"{request.path}?{form.address}".rstrip("?")) if is_update else response


@require_safe
@shared_page
def hack_detail(request: HttpRequest, slug: str) -> HttpResponse:
    hack = _find_hack(request, slug)
    return _show_hack(request, hack, NotesForm.filled_in(hack.own_notes))


@require_POST
def favourite(request: HttpRequest, slug: str) -> HttpResponse:
    hack = _find_hack(request, slug)
    if request.member is None:
        return _sign_in_first(request, hack)
    is_favourite = {"true": True, "false": False}.get(request.POST.get("is_favourite", ""))
    if is_favourite is None:
        raise BadRequest("is_favourite must be true or false.")
    actions.set_favourite(member=request.member, hack=hack, is_favourite=is_favourite)
    words = f"{hack.name} is {'now' if is_favourite else 'no longer'} among your favourites."
    if request.htmx:
        hack.is_favourite = is_favourite
        return render(request, "hacks/_favourite.html", {"hack": hack, "announcement": words})
    messages.success(request, words)
    return redirect(hack)


@require_POST
def notes(request: HttpRequest, slug: str) -> HttpResponse:
    hack = _find_hack(request, slug)
    if request.member is None:
        return _sign_in_first(request, hack)
    form = NotesForm(request.POST)
    if not form.is_valid():
        return _show_hack(request, hack, form)
    actions.save_notes(member=request.member, hack=hack, notes=form.cleaned_data["notes"])
    messages.success(request, "Your notes are saved.")
    return redirect(hack)


@require_safe
@cache_control(public=True, max_age=300)
def category_colours(request: HttpRequest) -> HttpResponse:
    """The colours that staff chose, as a style sheet: the pages' policy allows no inline style."""
    rows = HackCategory.objects.values_list("name", "color_hex")
    css = "".join(f'[data-category="{name}"]{{--accent:{colour}}}\n' for name, colour in rows)
    etag = quote_etag(blake2s(css.encode(), digest_size=8).hexdigest())
    response = HttpResponse(css, content_type="text/css; charset=utf-8", headers={"ETag": etag})
    return get_conditional_response(request, etag=etag, response=response)


@compiled
def _categories() -> QuerySet:
    return HackCategory.objects.all()


def _found(member: Member | None, filters: dict[str, Any]) -> list[tuple]:
    """All at once, as they are counted too; a library has hundreds."""
    if "q" in filters:
        return list(find_hacks(member, filters).values_list(*CARD_FIELDS))
    return _finder(tuple(filters.items()))(member)


# What can be chosen is finite, so that each choice's statement is written once; what can be typed is not.
@lru_cache(maxsize=512)
def _finder(filters: tuple[tuple[str, Any], ...]) -> Callable[[Member | None], list[tuple]]:
    @compiled
    def find(member: Member | None) -> QuerySet:
        return find_hacks(member, dict(filters)).values_list(*CARD_FIELDS)

    return find


def _find_hack(request: HttpRequest, slug: str) -> Hack:
    for hack in _hacks_at(request.member, slug):
        return hack
    raise Http404(f"There is no hack {slug!r} for whoever asks.")


@compiled
def _hacks_at(member: Member | None, slug: str) -> QuerySet:
    """The one hack, or none."""
    nothing = Value("", output_field=TextField())
    return (
        Hack.objects.visible_to(member)
        .with_progress_of(member)
        .annotate(own_notes=Coalesce("own__notes", nothing) if member else nothing)
        .with_proof_of(member)
        .select_related("category", "prerequisite_hack")
        .defer("search", "prerequisite_hack__search", "prerequisite_hack__text_guide")
        .filter(slug=slug)
    )


# What leads to a submission that is on its way, by its status.
PROOFS = {
    "submitted": "In the queue",
    "escalated": "With our staff",
    "returned": "Returned: read why",
}


class _Looks(NamedTuple):
    """All that the page of a hack depends on, but for what it renders again for each member."""

    is_members: bool
    is_open: bool
    is_ahead: bool
    is_practised: bool
    is_provable: bool
    is_verified: bool
    proof: str
    media: Any
    category: tuple
    prerequisite: tuple | None
    fields: tuple


SHOWN_FIELDS = attrgetter(
    "slug", "name", "short_description", "description", "text_guide", "content_url", "duration_minutes",
    "difficulty_level", "requires_verification", "is_active",
)  # fmt: skip


def _looks(hack: Hack, member: Member | None) -> _Looks:
    builds_on, category = hack.prerequisite_hack, hack.category
    return _Looks(
        is_members=member is not None,
        is_open=hack.is_open,
        is_ahead=member is not None and not hack.is_open,
        is_practised=hack.practice_count > 0,
        is_provable=member is not None and hack.practice_count >= hack.verification_practice_count,
        is_verified=hack.is_verified,
        proof=PROOFS.get(hack.proof, ""),
        media=rules.media_of(hack.content_url, settings.MEDIA_SOURCES),
        category=(category.name, category.title, category.icon_url),
        prerequisite=(builds_on.slug, builds_on.name) if builds_on else None,
        fields=(*SHOWN_FIELDS(hack), *map(str, hack.verification_questions)),
    )


def _show_hack(request: HttpRequest, hack: Hack, form: NotesForm | SafeString) -> HttpResponse:
    """`form` is the form itself where it is to be corrected."""
    looks = _looks(hack, request.member)
    context = {
        "hack": hack,
        "looks": looks,
        "guide": render_guide(hack.text_guide),
        "media": looks.media,
        "way": None if hack.is_open else _way_to(hack, request.member),
        "leads_to": _leads_to(hack, request.member),
        "form": form,
    }
    return render(request, "hacks/hack_detail.html", context)


def _way_to(hack: Hack, member: Member | None) -> dict[str, Any]:
    """What unlocks a locked hack, and the hack to practise next: the nearest on the way to it that is open."""
    hacks = {row["id"]: row for row in _all_hacks(member)}
    way = rules.way_to(hack.id, {key: row["prerequisite_hack_id"] for key, row in hacks.items()})
    first = hacks[way[0]]
    steps = rules.steps_to_unlock(
        hack.unlock_criteria,
        practice_count=first["practice_count"],
        days_active=first["days_active"],
        is_verified=first["is_verified"],
    )
    return {
        "steps": steps,
        "is_walked": all(step.done == step.needed for step in steps),
        "next": next((hacks[key] for key in way if hacks[key]["is_open"]), None),
    }


@compiled
def _all_hacks(member: Member | None) -> QuerySet:
    hacks = Hack.objects.with_progress_of(member)
    columns = ("id", "name", "slug", "prerequisite_hack_id", "is_open", "practice_count", "days_active", "is_verified")
    return hacks.values(*columns)


@compiled
def _waiting_for(member: Member | None, hack_id: UUID) -> QuerySet:
    return (
        Hack.objects.published()
        .with_progress_of(member)
        .filter(prerequisite_hack=hack_id)
        .order_by("position", "difficulty_level", "name")
        .values("name", "slug", "unlock_criteria", "is_open")
    )


def _leads_to(hack: Hack, member: Member | None) -> list[dict[str, Any]]:
    return [
        {
            "name": row["name"],
            "url": reverse("hacks:hack-detail", args=[row["slug"]]),
            "words": _lead(row, hack, member),
        }
        for row in _waiting_for(member, hack.pk)
    ]


def _lead(row: Mapping[str, Any], hack: Hack, member: Member | None) -> str:
    if row["is_open"]:
        return "Open to you" if member else "Open"
    steps = rules.steps_to_unlock(
        row["unlock_criteria"],
        practice_count=hack.practice_count,
        days_active=hack.days_active,
        is_verified=hack.is_verified,
    )
    if member is None:
        return f"After {', '.join(f'{step.needed} {step.unit}' for step in steps)}"
    return ", ".join(f"{step.done} of {step.needed} {step.unit}" for step in steps)


def _sign_in_first(request: HttpRequest, hack: Hack) -> HttpResponse:
    """Back to the hack's page afterwards: the address that was posted to has none."""
    response = redirect_to_login(hack.get_absolute_url())
    return HttpResponseClientRedirect(response.url) if request.htmx else response
