from collections.abc import Callable
from functools import lru_cache
from hashlib import blake2s
from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.core.paginator import Page, Paginator
from django.db.models import Count, QuerySet, TextField, Value, Window
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.defaultfilters import pluralize
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from django.utils.safestring import SafeString
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from accounts.decorators import member_post
from accounts.models import Member
from accounts.pages import render_page_or_part
from database.compiled import compiled
from hacks import actions
from hacks.catalogue import CARD_FIELDS, HackCard, find_hacks
from hacks.forms import CatalogueForm, NotesForm
from hacks.hack_page import hack_context
from hacks.models import Hack, HackCategory
from hacks.shared_pages import shared_page

PAGE_SIZE = 24


@require_safe
@shared_page
def hack_list(request: HttpRequest) -> HttpResponse:
    form = CatalogueForm(request.GET, member=request.member, categories=_categories())
    page_obj = _find_page(request.member, form.filters, request.GET.get("page"))
    page_obj.object_list = [HackCard(*row, is_for_member=request.member is not None) for row in page_obj.object_list]
    count = page_obj.paginator.count
    context = {
        "form": form,
        "page_obj": page_obj,
        "count": f"{count or 'No'} hack{pluralize(count)}{' found' * bool(form.filters)}",
    }
    page, part = "hacks/hack_list.html", "hacks/_hack_results.html"
    return render_page_or_part(request, page, part, context, target="results", address=form.address)


@require_safe
@shared_page
def hack_detail(request: HttpRequest, slug: str) -> HttpResponse:
    hack = _find_hack(request, slug)
    return _show_hack(request, hack, NotesForm.filled_in(hack.own_notes))


@member_post
def favourite(request: HttpRequest, slug: str) -> HttpResponse:
    hack = _find_hack(request, slug)
    is_favourite = {"true": True, "false": False}.get(request.POST.get("is_favourite", ""))
    if is_favourite is None:
        raise BadRequest("is_favourite must be true or false.")
    actions.set_favourite(member=request.member, hack=hack, is_favourite=is_favourite)
    words = f"{hack.name} {'added to' if is_favourite else 'removed from'} your favourites."
    if request.htmx:
        hack.is_favourite = is_favourite
        return render(request, "hacks/_favourite.html", {"hack": hack, "announcement": words})
    messages.success(request, words)
    return redirect(hack)


@member_post
def notes(request: HttpRequest, slug: str) -> HttpResponse:
    hack = _find_hack(request, slug)
    form = NotesForm(request.POST)
    if not form.is_valid():
        return _show_hack(request, hack, form)
    actions.save_notes(member=request.member, hack=hack, notes=form.cleaned_data["notes"])
    messages.success(request, "Notes saved.")
    return redirect(hack)


@require_safe
@cache_control(public=True, max_age=300)
def category_colours(request: HttpRequest) -> HttpResponse:
    """Return the category colours as a style sheet, because the content security policy forbids inline styles."""
    rows = HackCategory.objects.values_list("name", "color_hex")
    css = "".join(f'[data-category="{name}"]{{--accent:{colour}}}\n' for name, colour in rows)
    etag = quote_etag(blake2s(css.encode(), digest_size=8).hexdigest())
    response = HttpResponse(css, content_type="text/css; charset=utf-8", headers={"ETag": etag})
    return get_conditional_response(request, etag=etag, response=response)


@compiled
def _categories() -> QuerySet:
    return HackCategory.objects.all()


def _find_page(member: Member | None, filters: dict[str, Any], number: str | None) -> Page:
    """Return a page of the card fields of the hacks that pass the filters. `number` is as the address has it."""
    if "q" in filters:
        found = list(find_hacks(member, filters).values_list(*CARD_FIELDS))
        return Paginator(found, PAGE_SIZE).get_page(number)
    search = tuple(filters.items())
    count = sum(total for (total,) in _compiled_count(search)(member))
    page = Paginator(range(count), PAGE_SIZE).get_page(number)
    page.object_list = _compiled_page(search, page.number)(member)
    return page


# Without a search text there are few combinations of filters, so each is compiled once.
@lru_cache(maxsize=512)
def _compiled_count(filters: tuple[tuple[str, Any], ...]) -> Callable[[Member | None], list[tuple[int]]]:
    @compiled
    def count(member: Member | None) -> QuerySet:
        return find_hacks(member, dict(filters)).order_by().values_list(Window(Count("*")))[:1]

    return count


@lru_cache(maxsize=512)
def _compiled_page(filters: tuple[tuple[str, Any], ...], number: int) -> Callable[[Member | None], list[tuple]]:
    @compiled
    def find(member: Member | None) -> QuerySet:
        found = find_hacks(member, dict(filters)).values_list(*CARD_FIELDS)
        return found[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]

    return find


def _find_hack(request: HttpRequest, slug: str) -> Hack:
    for hack in _hack_by_slug(request.member, slug):
        return hack
    raise Http404(f"No hack {slug!r} is visible to this visitor.")


@compiled
def _hack_by_slug(member: Member | None, slug: str) -> QuerySet:
    """Select the hack with this slug, if the member or visitor may see it."""
    nothing = Value("", output_field=TextField())
    return (
        Hack.objects.visible_to(member)
        .with_progress_of(member)
        .annotate(own_notes=Coalesce("own__notes", nothing) if member else nothing)
        .with_submission_status(member)
        .select_related("category", "prerequisite_hack")
        .defer("search", "prerequisite_hack__search", "prerequisite_hack__text_guide")
        .filter(slug=slug)
    )


def _show_hack(request: HttpRequest, hack: Hack, form: NotesForm | SafeString) -> HttpResponse:
    """Render the page of a hack. `form` is the rendered form, or the bound form if it has errors."""
    return render(request, "hacks/hack_detail.html", {**hack_context(hack, request.member), "form": form})
