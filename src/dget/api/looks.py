"""What is looked at and not pulled: the documents and files of one image, and a repository's tags."""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from dget.api.connections import fetching_of
from dget.api.image_sources import ImageSources
from dget.api.order import machine_wish, wish_of
from dget.api.planned import kind_of
from dget.api.puller import Puller
from dget.api.results import ImageDetails, TagList
from dget.config import Settings
from dget.engine import CachedImage, PullPlan
from dget.errors import Unsupported
from dget.flow import Cancel, Clock, Observer
from dget.model import FileLocator, Platform, PlatformWish, read_config

if TYPE_CHECKING:
    # What some looks alone need is imported by them, so that the others begin sooner.
    from dget.api.image_files import ImageFiles

T = TypeVar("T")


class Looks:
    """Its methods raise DgetError."""

    def __init__(
        self, settings: Settings, sources: ImageSources, puller: Puller, *, clock: Clock, observer: Observer
    ) -> None:
        self._settings = settings
        self._sources = sources
        self._puller = puller
        self._clock = clock
        self._observer = observer

    def inspect(self, image: str, platform: str | None, cancel: Cancel) -> ImageDetails:
        source, plan = self._planned(image, platform, cancel)
        one = plan.image
        config = None
        if one.runs:
            descriptor = one.manifest.value.config
            read = plan.at_hand.get(descriptor.digest)
            config = read_config(read, descriptor) if read else source.config(descriptor)
        return ImageDetails(reference=plan.reference, platform=one.platform, manifest=one.manifest, config=config)

    def tags(self, repository: str, cancel: Cancel) -> TagList:
        reference = self._sources.locator(repository)
        if isinstance(reference, FileLocator):
            from dget.archive.readers import image_names

            names = image_names(reference, cancel=cancel, observer=self._observer)
            return TagList(repository=str(reference), tags=tuple(names))
        from dget.registry import list_tags

        found = list_tags(self._sources.hosts.of(reference, cancel), reference, cancel=cancel, observer=self._observer)
        return TagList(repository=reference.familiar_name, tags=tuple(found))

    def files(self, image: str, platform: str | None, look: "Callable[[ImageFiles], T]", cancel: Cancel) -> T:
        """What `look` finds in the build that suits; the layers that it needs are fetched when it reads them."""
        from dget.api.image_files import ImageFiles
        from dget.archive.layers import LayerReader
        from dget.engine import FetchedLayers

        source, plan = self._planned(image, platform, cancel)
        if not plan.image.runs:
            raise Unsupported(
                f"{plan.reference} is no container image but {kind_of(plan.image)}: it has no file system",
                hint="dget inspect shows what is in it; --format oci-dir keeps it",
            )
        with FetchedLayers(
            source,
            plan.image.manifest,
            fetching=fetching_of(self._settings, self._clock),
            cancel=cancel,
            observer=self._observer,
        ) as layers:
            return look(ImageFiles(plan, LayerReader(layers, cancel), self._observer))

    def _planned(self, image: str, platform: str | None, cancel: Cancel) -> tuple[CachedImage, PullPlan]:
        wish = PlatformWish((Platform.parse(platform),)) if platform else wish_of(None, self._settings)
        # Several may be set up for pulls.
        return self._puller.plan_one(image, machine_wish() if wish.may_be_several else wish, cancel)
