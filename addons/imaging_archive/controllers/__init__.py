from . import patient_portal, viewing
