"""Forms generated from the JSON Schema of a configuration model."""

from workbench.gui.forms.form import SchemaForm

__all__ = ["SchemaForm"]
