//! The same agents on a cluster: sandboxes are pods of a real Kubernetes. These tests are no part of a plain
//! run; `scripts/cluster-test` runs them.

mod decided;
mod place;
mod troubles;
mod work;
