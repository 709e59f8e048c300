"""What a package of functions needs: `from appliance.functions import function, Between`.

    @function(limit_s=10)
    def tide(port: Annotated[str, "A harbour."]) -> dict[str, object]:
        '''Tell when the next high tide is at a port.'''
        return {"high": look_up(port)}

and in its pyproject.toml

    [project.entry-points."appliance.functions"]
    tide = "harbour:tide"

The docstring is what the model is told, and the type hints are what it may send; a call that does not fit
them never reaches the function. It may be a plain function, `async`, or a generator of either kind, whose
every value is an answer that continues where the model does not wait (`behavior=NON_BLOCKING`). It runs in a
thread of its own, so it may wait; it returns a dict, or anything else that JSON has. `Bad("...")` says to the
model what was wrong with the call; any other exception is only "it failed" to the model, and a traceback in
the journal.
"""

from .core.functions import BLOCKING, NON_BLOCKING, function
from .core.parameters import Bad, Between

__all__ = ["BLOCKING", "NON_BLOCKING", "Bad", "Between", "function"]
