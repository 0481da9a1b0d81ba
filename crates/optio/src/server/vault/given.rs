//! Keys from the settings: they change when a person changes them and starts the servers again.

use optio_domain::{
    ports::KeySource,
    secret::{KeyId, Ring},
};

/// Keys that are what they are.
pub(super) struct GivenKeys(Ring);

impl GivenKeys {
    /// These keys.
    pub(super) fn new(ring: Ring) -> Self {
        Self(ring)
    }
}

impl KeySource for GivenKeys {
    fn read(&self) -> Result<Ring, String> {
        Ok(self.0.clone())
    }

    fn renew(&self, current: &KeyId) -> Result<Ring, String> {
        if self.0.newest().id() != *current {
            return Ok(self.0.clone());
        }
        Err(format!(
            "there is no other key to change to: {current} is OPTIO_ENCRYPTION_KEY already; set that to a \
             new key (openssl rand -hex 32) and OPTIO_ENCRYPTION_KEY_PREVIOUS to the one it is now, start \
             every server again, and repeat this"
        ))
    }

    fn settle(&self, current: &KeyId) -> Result<(), String> {
        if self.0.keys().all(|key| key.id() == *current) {
            return Ok(());
        }
        Err("OPTIO_ENCRYPTION_KEY_PREVIOUS is not needed any longer: unset it".to_owned())
    }
}
