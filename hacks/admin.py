from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import Count, Exists, OuterRef, Prefetch, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.views.decorators.http import require_POST
from unfold.admin import ModelAdmin

from accounts.history import Change, RemembersChanges, in_words, log_changes
from database.identity import after_commit
from hacks.admin_forms import HackForm, LabelledListNumbersMixin, NoBulkDeleteMixin
from hacks.dependants import find_category_dependants, find_dependants
from hacks.guides import render_guide
from hacks.import_export import ImportExportHacksMixin
from hacks.models import Hack, HackCategory, UserHackProgress
from hacks.tasks import unlock_for_all

# A change to one of these fields can unlock the hack for more members.
UNLOCKING_FIELDS = {"prerequisite_hack", "unlock_criteria", "is_active"}
UNPUBLISH_EXPLANATION = "Members who practise these hacks keep them and their history. Other members can't find them."


# Sidebar topics, each with its models and their icons (nrghax/admin_site.py).
TOPICS = {
    "Library": {"hacks.hack": "self_improvement", "hacks.hackcategory": "category"},
}


def _unlock_after_commit() -> None:
    """Have a worker apply the criteria to all members after the commit, because past practice counts too."""
    after_commit(unlock_for_all.delay)


@admin.register(HackCategory)
class HackCategoryAdmin(NoBulkDeleteMixin, LabelledListNumbersMixin, RemembersChanges, ModelAdmin):
    list_display = ["title", "name", "colour", "icon_url", "sort_order", "hack_count"]
    list_editable = ["sort_order"]
    # Repeated here, because the annotation of the list drops the model's default order.
    ordering = ["sort_order", "name"]
    search_fields = ["title", "name", "description"]
    prepopulated_fields = {"name": ["title"]}

    def get_queryset(self, request):
        return super().get_queryset(request).annotate(hack_count=Count("hacks"))

    @admin.display(description="colour", ordering="color_hex")
    def colour(self, category: HackCategory) -> str:
        return category.color_hex

    @admin.display(description="hacks", ordering="hack_count")
    def hack_count(self, category) -> int:
        return category.hack_count

    def delete_view(self, request, object_id, extra_context=None):
        category = self.get_object(request, object_id)
        if category and (names := find_category_dependants(category)):
            messages.error(request, f"{category} can't be deleted because it's used by {names}.")
            return redirect("admin:hacks_hackcategory_change", object_id)
        return super().delete_view(request, object_id, extra_context)


@admin.register(Hack)
class HackAdmin(NoBulkDeleteMixin, ImportExportHacksMixin, LabelledListNumbersMixin, RemembersChanges, ModelAdmin):
    form = HackForm
    list_before_template = "admin/hacks/_path.html"
    list_display = [
        "name",
        "category",
        "position",
        "difficulty_level",
        "duration_minutes",
        "prerequisite_hack",
        "is_gateway",
        "requires_verification",
        "is_active",
        "member_count",
    ]
    # Within a category, hacks are ordered by position. Ties go from easy to hard.
    list_editable = ["position", "difficulty_level"]
    list_filter = ["is_active", "category", "difficulty_level", "is_gateway", "requires_verification"]
    list_select_related = ["category", "prerequisite_hack"]
    list_per_page = 50
    ordering = ["category__sort_order", "position", "difficulty_level", "name"]
    search_fields = ["name", "slug", "short_description"]
    prepopulated_fields = {"slug": ["name"]}
    autocomplete_fields = ["prerequisite_hack"]
    formfield_overrides = {models.URLField: {"assume_scheme": "https"}}
    readonly_fields = ["members_practising", "needed_by", "used_by", "page", "created_at", "updated_at"]
    actions = ["publish", "unpublish"]
    fieldsets = [
        (None, {"fields": ["name", "slug", "category", "is_active", "is_gateway"]}),
        (
            "Details",
            {"fields": ["short_description", "description", "position", "difficulty_level", "duration_minutes"]},
        ),
        ("Guide", {"fields": ["text_guide", "content_url"]}),
        ("Unlocking", {"fields": ["prerequisite_hack", "unlock_criteria"]}),
        (
            "Verification",
            {
                "fields": [
                    "requires_verification",
                    "verification_questions",
                    "verification_practice_count",
                    "reviewer_practice_count",
                ]
            },
        ),
    ]
    status = ("Status", {"fields": readonly_fields})

    def get_fieldsets(self, request, obj=None):
        return [*self.fieldsets, self.status] if obj else self.fieldsets

    def get_queryset(self, request):
        practising = Count("progress", filter=Q(progress__total_practice_count__gt=0))
        return super().get_queryset(request).annotate(member_count=practising)

    @admin.display(description="members", ordering="member_count")
    def member_count(self, hack) -> int:
        return hack.member_count

    @admin.display(description="members who practise it")
    def members_practising(self, hack) -> int:
        return hack.member_count

    @admin.display(description="published hacks that need it")
    def needed_by(self, hack) -> str:
        return ", ".join(hack.unlocks.published().values_list("name", flat=True)) or "None"

    @admin.display(description="used by")
    def used_by(self, hack) -> str:
        return find_dependants([hack])[hack.slug] or "Nothing"

    @admin.display(description="page")
    def page(self, hack) -> str:
        address = hack.get_absolute_url()
        return format_html('<a href="{}">{}</a>', address, address)

    def get_urls(self):
        preview = self.admin_site.admin_view(self.preview_view)
        return [path("preview/", preview, name="hacks_hack_preview"), *super().get_urls()]

    @method_decorator(require_POST)
    def preview_view(self, request: HttpRequest) -> HttpResponse:
        """Render a guide exactly as its page would, for the preview in the form."""
        if not (self.has_change_permission(request) or self.has_add_permission(request)):
            raise PermissionDenied
        return HttpResponse(render_guide(request.POST.get("text", "")))

    def changelist_view(self, request, extra_context=None):
        problems = Hack.objects.all().path_problems()
        return super().changelist_view(request, {**(extra_context or {}), "path_problems": problems})

    def process_result(self, result, request):
        response = super().process_result(result, request)
        _unlock_after_commit()
        return response

    def save_model(self, request, obj, form, change):
        super().save_model(request, obj, form, change)
        if change and "is_active" in form.changed_data and not obj.is_active:
            practising = obj.progress.filter(total_practice_count__gt=0).count()
            messages.info(request, f"Members who practise this hack: {practising}. They keep it and their history.")
            if names := find_dependants([obj])[obj.slug]:
                messages.warning(request, f"Other members can no longer reach {names}.")
        if UNLOCKING_FIELDS & set(form.changed_data):
            _unlock_after_commit()

    @admin.action(description="Publish selected hacks", permissions=["change"])
    def publish(self, request: HttpRequest, queryset) -> HttpResponse | None:
        if "confirmed" not in request.POST:
            return self._confirm_publishing(
                request, queryset, "publish", "Publish these hacks", "Members will see them right away."
            )
        unreachable = queryset.filter(prerequisite_hack__is_active=False)
        if unreachable.exists():
            names = ", ".join(hack.name for hack in unreachable)
            messages.error(request, f"Not published because their prerequisite isn't published: {names}.")
        self._set_published(request, queryset.exclude(pk__in=unreachable), is_active=True)
        _unlock_after_commit()
        return None

    @admin.action(description="Unpublish selected hacks", permissions=["change"])
    def unpublish(self, request: HttpRequest, queryset) -> HttpResponse | None:
        if "confirmed" not in request.POST:
            return self._confirm_publishing(
                request, queryset, "unpublish", "Unpublish these hacks", UNPUBLISH_EXPLANATION
            )
        waiting = Hack.objects.published().filter(prerequisite_hack=OuterRef("pk"))
        needed = queryset.filter(Exists(waiting))
        if needed.exists():
            names = ", ".join(hack.name for hack in needed)
            messages.error(request, f"Not unpublished because published hacks need them: {names}.")
        self._set_published(request, queryset.exclude(pk__in=needed), is_active=False)
        return None

    def _confirm_publishing(
        self, request: HttpRequest, queryset, action: str, title: str, explanation: str
    ) -> HttpResponse:
        """Ask staff to confirm, and show the dependants of each hack."""
        needing = Prefetch("unlocks", Hack.objects.published(), to_attr="needed_by")
        hacks = list(queryset.prefetch_related(needing))
        names = find_dependants(hacks)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": title,
            "action": action,
            "explanation": explanation,
            "hacks": [(hack, names[hack.slug]) for hack in hacks],
        }
        return TemplateResponse(request, "admin/hacks/confirm_publishing.html", context)

    def _set_published(self, request: HttpRequest, queryset, *, is_active: bool) -> None:
        hacks = list(Hack.objects.filter(pk__in=queryset.values("pk")).exclude(is_active=is_active))
        Hack.objects.filter(pk__in=[hack.pk for hack in hacks]).update(is_active=is_active)
        change = Change("published", in_words(not is_active), in_words(is_active))
        log_changes(user=request.user, changed=[(hack, [change]) for hack in hacks])
        if hacks:
            messages.success(request, f"{'Published' if is_active else 'Unpublished'}: {len(hacks)}.")
        else:
            messages.info(request, "No hack was changed.")

    def get_deleted_objects(self, objs, request):
        """Name only the hacks. Nothing refers to them (delete_view), and staff can't read all of what could."""
        return [str(hack) for hack in objs], {self.opts.verbose_name_plural: len(objs)}, set(), []

    def delete_view(self, request, object_id, extra_context=None):
        hack = self.get_object(request, object_id)
        if hack and hack.is_in_use():
            messages.error(
                request,
                f"{hack} can't be deleted because members, other hacks or records use it. Unpublish it instead.",
            )
            return redirect("admin:hacks_hack_change", object_id)
        if hack and (names := find_dependants([hack])[hack.slug]):
            messages.error(request, f"{hack} can't be deleted because it's used by {names}.")
            return redirect("admin:hacks_hack_change", object_id)
        return super().delete_view(request, object_id, extra_context)


@admin.register(UserHackProgress)
class UserHackProgressAdmin(ModelAdmin):
    """Read-only, because the totals are derived. Staff can't read the member's notes."""

    list_display = [
        "user",
        "hack",
        "total_practice_count",
        "total_practice_minutes",
        "days_active",
        "mastery_level",
        "is_favorite",
        "unlocked_at",
    ]
    list_filter = ["mastery_level", "is_favorite", "hack__category"]
    list_select_related = ["user", "hack"]
    search_fields = ["user__username", "user__display_name", "hack__name"]
    ordering = ["-updated_at"]
    show_full_result_count = False
    fields = [
        "user",
        "hack",
        "unlocked_at",
        "first_practiced_at",
        "last_practiced_at",
        "total_practice_count",
        "total_practice_minutes",
        "days_active",
        "mastery_level",
        "is_favorite",
    ]

    def get_queryset(self, request):
        return super().get_queryset(request).defer("notes")

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False
