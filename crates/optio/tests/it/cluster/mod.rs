//! The same agents on a cluster: sandboxes are pods of a real Kubernetes. These tests are no part of a plain
//! run; `scripts/cluster-test` runs them.

mod chart;
mod decided;
mod doctor;
mod forge;
mod node;
mod place;
mod rbac;
mod release;
mod troubles;
mod warm;
mod work;
