from . import imaging_share_create
