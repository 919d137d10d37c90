"""Access to FFmpeg's codecs through PyAV, which is an extra: `./install.sh media`.

Licences: PyAV itself is BSD-3-Clause. Its wheels bundle FFmpeg built with GPL parts (x264, x265), so if you
distribute an installation with this extra, you distribute GPL code. Voi itself bundles none of it.
"""

from importlib.util import find_spec
from types import ModuleType

from voi.errors import ConfigError


def load_av() -> ModuleType:
    """The module `av`. Raises ConfigError when it is not installed."""
    try:
        import av
    except ImportError as error:
        raise ConfigError(_MISSING) from error
    module: ModuleType = av
    return module


def require_av() -> None:
    """Raises ConfigError when PyAV is not installed. Does not load it."""
    try:
        found = find_spec("av")
    except ValueError:  # sys.modules says that there is none
        found = None
    if found is None:
        raise ConfigError(_MISSING)


_MISSING = "Compressed sound (webm, mp4, ogg, Opus) needs PyAV, which is not installed. Run: ./install.sh media"
