"""What the model may call on this box, and what else is asked of it, made from the configuration.

Knows every capability by name, and every setting of a model. Must never know how a capability does its work.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .core.catalogue import Capability, Catalogue
from .core.errands import Errands
from .core.farewell import Farewell
from .core.functions import Function
from .core.instruction import instruction
from .core.lighting import Lamp, Lighting
from .core.messages import Setup
from .core.scenes import Scenes
from .core.timing import Timing
from .core.volume import Volume
from .manners import detection
from .memories import lit
from .models import profile_of
from .settings import COVERAGES, RESOLUTIONS, Config

OWN_TOOLS = {  # our names of the service's tools, and its own
    "google_search": "googleSearch",
    "code_execution": "codeExecution",
    "url_context": "urlContext",
}


def lamps_of(config: Config) -> list[Lamp]:
    """The lights as the model knows them."""
    return [
        Lamp(light.name, light.kind, light.room, light.initial == "on", light.initial == "restore")
        for light in config.lights
    ]


def built_in(config: Config, former: Mapping[str, object]) -> tuple[Capability, ...]:
    """The box's own; `former` is what a former life kept, by name."""
    lighting = Lighting(lamps_of(config), config.groups)
    lighting.done(lit(config, former))
    return (
        lighting,
        Scenes(lighting, config.scenes),
        Timing(Catalogue(lighting), former.get("timers"), config.timers.ring_s),
        Farewell(),
        Volume(config.audio.volume, former.get("volume")),
    )


def catalogue(
    config: Config, former: Mapping[str, object], errands: Sequence[Function] = (), *more: Capability
) -> Catalogue:
    """All of them; `errands` are the functions of third parties."""
    others = Errands(errands, config.functions.limit_s)
    return Catalogue(*built_in(config, former), *more, others, disabled=config.functions.disabled)


def setup_of(config: Config, model: str, known: Catalogue) -> Setup:
    """What is asked of this model; config.py has made sure that it takes all of it."""
    live, (profile, _) = config.live, profile_of(model)
    tools_on = [name for name in OWN_TOOLS if getattr(live.tools, name)]
    return Setup(
        model=model,
        system_instruction=instruction(
            live.system_instruction,
            lamps_of(config),
            config.groups,
            [scene.name for scene in config.scenes],
        ),
        modality=live.modality.upper(),
        voice=live.voice,
        language=live.language if profile.language else "",
        thinking=live.thinking,
        affective=live.affective_dialog,
        proactive=live.proactive_audio and not profile.always_proactive,
        functions=known.declarations(profile.behaviors),
        own_tools=tuple(OWN_TOOLS[name] for name in tools_on),
        compress_at_tokens=live.compress_at_tokens,
        compress_to_tokens=live.compress_to_tokens,
        interruptible=config.turns.interruptible,
        coverage=COVERAGES[config.turns.coverage],
        media_resolution=RESOLUTIONS[config.camera.media_resolution] if config.camera.source else "",
        detection=detection(config.turns),
        realtime_text=profile.text == "realtime",
        seeding=profile.seeding,
        extra=live.extra_setup,
    )
