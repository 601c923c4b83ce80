from . import imaging_hospital
from . import imaging_share
from . import imaging_share_gate
from . import imaging_share_opening
from . import imaging_study
from . import imaging_ticket
from . import res_config_settings
