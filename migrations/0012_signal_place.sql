-- Each press keeps its own place: a later one must not wipe out where the first one was.

alter table alarm_signal add column place_sealed bytea;
