"""The colours of categories; they lie in core, because exported pages have them too."""

from workbench.core.palette import CATEGORICAL_10 as CATEGORICAL_10
