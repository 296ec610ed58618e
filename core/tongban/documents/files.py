"""What documents need beside the database."""

from dataclasses import dataclass

from tongban.documents.links import Secret, secret_from
from tongban.documents.scanning import Scanner, scanner_from
from tongban.settings import Settings
from tongban.storage.objects import ObjectStore, store_from


@dataclass(frozen=True, slots=True)
class Files:
    """Where documents lie, the secret of their links, and who looks at them first; nobody, where none is named."""

    store: ObjectStore
    secret: Secret
    scanner: Scanner | None = None


def files_from(settings: Settings) -> Files:
    """As the settings say. Raises SetupError where one of them can't be used."""
    return Files(store_from(settings), secret_from(settings.link_secret_file), scanner_from(settings.scan_command))
