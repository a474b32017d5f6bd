"""What the explorer knows without a window: columns, selections, filters, and every change with its way back."""
