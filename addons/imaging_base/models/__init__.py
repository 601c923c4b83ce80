from . import imaging_access_log
from . import imaging_department
from . import imaging_device
from . import imaging_hospital
from . import res_config_settings
from . import res_groups
from . import res_users
