"""All tables of all rooms, for migrations to compare with."""

from tongban.admission import models as admission
from tongban.cases import models as cases
from tongban.catalog import models as catalog
from tongban.centers import models as centers
from tongban.identity import models as identity
from tongban.residents import models as residents
from tongban.storage.base import Base

ROOMS = (admission, centers, residents, catalog, cases, identity)
METADATA = Base.metadata
