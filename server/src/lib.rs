//! Segin's hub, headless device, demo and measurements.

pub mod access;
pub mod account;
pub mod audit;
pub mod bench;
pub mod cli;
pub mod clock;
pub mod demo;
pub mod field;
pub mod hub;
pub mod hub_process;
pub mod limits;
pub mod open_files;
pub mod page;
pub mod random;
pub mod routes;
pub mod sample;
pub mod serve;
pub mod store;
pub mod tls;
pub mod verify;
pub mod web;
