"""`workbench study ...`: many short runs that answer one question."""
