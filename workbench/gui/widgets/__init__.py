"""The parts that pages are made of: they take data in, emit signals, and know nothing of the application."""
