//! The gate from outside: every rule with the change that breaks it, honest work in every order, and mutations.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod columns;
mod document;
mod envelope;
mod header;
mod honest;
mod lineage;
mod mutate;
mod mutations;
mod parts;
mod scenes;
mod support;
mod values;
