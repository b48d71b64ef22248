import factory
from factory.django import DjangoModelFactory

from database.identity import Role, database_identity
from hacks.models import Hack, HackCategory


class StaffFactory(DjangoModelFactory):
    """A factory that creates its rows as staff, because only staff may write content."""

    class Meta:
        abstract = True

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        with database_identity(Role.STAFF):
            return super()._create(model_class, *args, **kwargs)


class HackCategoryFactory(StaffFactory):
    class Meta:
        model = HackCategory

    name = factory.Sequence(lambda n: f"category-{n}")
    title = factory.LazyAttribute(lambda o: o.name.replace("-", " ").capitalize())
    color_hex = "#2f7f79"


class HackFactory(StaffFactory):
    class Meta:
        model = Hack

    name = factory.Sequence(lambda n: f"Quiet breath {n}")
    slug = factory.Sequence(lambda n: f"quiet-breath-{n}")
    short_description = "Breathe out a little longer than in."
    description = "A short practice of slow breathing."
    text_guide = "## How to do it\n\n1. Sit down.\n2. Breathe out."
    duration_minutes = 10
    category = factory.SubFactory(HackCategoryFactory)
