"""How times are written where a template doesn't say: by 24 hours in the admin too, as members see them."""

DATETIME_FORMAT = "j M Y, H:i"
SHORT_DATETIME_FORMAT = "d/m/Y H:i"
TIME_FORMAT = "H:i"
