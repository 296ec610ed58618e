"""All tables of all rooms, for migrations to compare with."""

from tongban.admission import models as admission
from tongban.cases import models as cases
from tongban.catalog import models as catalog
from tongban.centers import models as centers
from tongban.documents import models as documents
from tongban.events import models as events
from tongban.identity import models as identity
from tongban.notifications import models as notifications
from tongban.residents import models as residents
from tongban.storage.base import Base

ROOMS = (admission, centers, residents, catalog, documents, cases, events, notifications, identity)
METADATA = Base.metadata
