//! Tests of the whole server. What they share is in `harness`; the stories are in the test binary.
