"""What everything stands on: errors, atomic files, ids, clocks, units, the wire format. No torch, no Qt."""
