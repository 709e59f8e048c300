"""The service's own tools: a model that lacks one, or takes it only alone, hangs up at the setup."""

from __future__ import annotations

import pytest

from appliance.standin.profile import PROFILES
from appliance.standin.refusal import BAD_ARGUMENT

from .caller import DECLARATIONS, calling, refusal_of, run, setup

TOOLS = ("googleSearch", "codeExecution", "urlContext")
LACKED = [(p, tool) for p in PROFILES for tool in TOOLS if tool not in p.tools]
HAD = [(p, tool) for p in PROFILES for tool in TOOLS if tool in p.tools]


def path(profile):
    version = sorted(profile.versions)[0]
    return f"/ws/google.ai.generativelanguage.{version}.GenerativeService.BidiGenerateContent"


def asking(profile, *tools):
    """A setup with these tools, in a table each as the public client writes them."""
    return setup(model=f"models/{profile.models[0]}", tools=[*({tool: {}} for tool in tools)])


def with_functions(profile, *tools):
    behavior = profile.default_behavior
    declarations = [{**d, "behavior": behavior} for d in DECLARATIONS]
    asked = asking(profile, *tools)
    asked["setup"]["tools"].append({"functionDeclarations": declarations})
    return asked


def taken(profile, message):
    async def test(standin):
        async with calling(standin, message, path=path(profile)) as caller:
            assert await caller.receive() == {"setupComplete": {}}

    run(test)


@pytest.mark.parametrize(("profile", "tool"), LACKED, ids=lambda it: getattr(it, "name", it))
def test_a_tool_that_the_model_lacks_ends_the_line(profile, tool):
    assert refusal_of(asking(profile, tool), path=path(profile)) == (1007, BAD_ARGUMENT)


@pytest.mark.parametrize(("profile", "tool"), HAD, ids=lambda it: getattr(it, "name", it))
def test_a_tool_that_it_has_is_taken(profile, tool):
    taken(profile, asking(profile, tool))


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_functions_beside_it_depend_on_the_model(profile):
    message = with_functions(profile, "googleSearch")
    if profile.mixed_tools:
        taken(profile, message)
    else:
        assert refusal_of(message, path=path(profile)) == (1007, BAD_ARGUMENT)
        taken(profile, with_functions(profile))


def test_a_tool_that_nobody_knows_is_no_field():
    code, reason = refusal_of(setup(tools=[{"crystalBall": {}}]))
    assert code == 1007
    assert 'Unknown name "crystalBall"' in reason
