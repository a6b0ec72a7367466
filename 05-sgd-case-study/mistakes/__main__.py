"""Show a mistake of this folder: python mistakes NAME; without a name, list them."""

import mistake

mistake.run(__file__)
