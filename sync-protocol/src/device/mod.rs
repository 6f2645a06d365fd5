//! The device side as a state machine.
