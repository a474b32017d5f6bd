"""What is nearest to what: exact search, the graph of all neighbours, approximate where that would take too long."""
