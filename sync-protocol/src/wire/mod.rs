//! Manifests, parcels, answers.
