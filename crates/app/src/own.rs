//! The veil: persons become pseudonyms and secrets keyed digests before anything is recorded. Who is who stays in `own.db`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use adapters::cfx::{Identity, Veil};
use hmac::{Hmac, KeyInit as _, Mac as _};
use kernel::stored::hex;
use sha2::Sha256;
use store::{OwnStore, Person, StoreError};

use crate::error::SiteError;
use crate::folder::random;
use crate::record::now;

/// Name of the setting that holds the key of digests.
const DIGEST_KEY: &str = "digest key";

/// People remembered, so that they cost no query.
const REMEMBERED_MAX: usize = 10_000;

/// `own.db`, shared.
#[derive(Clone, Debug)]
pub(crate) struct Own {
    store: Arc<Mutex<OwnStore>>,
    remembered: Arc<Mutex<HashMap<Identity, String>>>,
    digest_key: [u8; 32],
}

impl Own {
    /// Takes a store for writing; makes the key of digests on the first start.
    pub(crate) fn new(mut store: OwnStore) -> Result<Own, SiteError> {
        let digest_key = match store.setting(DIGEST_KEY)?.and_then(|key| key.try_into().ok()) {
            Some(key) => key,
            None => {
                let key = random()?;
                store.set(DIGEST_KEY, &key)?;
                key
            }
        };
        Ok(Own { digest_key, ..Own::to_read(store) })
    }

    /// Takes a store for reading: nobody is veiled by it.
    pub(crate) fn to_read(store: OwnStore) -> Own {
        Own { store: Arc::new(Mutex::new(store)), remembered: Arc::default(), digest_key: [0; 32] }
    }

    pub(crate) fn store(&self) -> MutexGuard<'_, OwnStore> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A veil for one reader of messages.
    pub(crate) fn veil(&self) -> OwnVeil<'_> {
        OwnVeil { own: self, failure: None }
    }

    fn remembered(&self) -> MutexGuard<'_, HashMap<Identity, String>> {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A veil that keeps its failure until it is asked: a message is never recorded with a person in it, and never without a reason.
#[derive(Debug)]
pub(crate) struct OwnVeil<'a> {
    own: &'a Own,
    failure: Option<SiteError>,
}

impl OwnVeil<'_> {
    /// Whether somebody could not be veiled; then nothing that was read since may be recorded.
    pub(crate) fn check(&mut self) -> Result<(), SiteError> {
        self.failure.take().map_or(Ok(()), Err)
    }

    fn pseudonym(&self, identity: &Identity) -> Result<String, SiteError> {
        let name = format!("{} {}", identity.first_name.trim(), identity.last_name.trim());
        let person = Person { badge: &identity.identifier, login: &identity.login, name: &name };
        // The random bytes come before the transaction, so that inventing cannot fail within it.
        let mut pool: Vec<[u8; 4]> = random::<64>()?.as_chunks::<4>().0.to_vec();
        let mut invent = || format!("P-{}", hex(&pool.pop().unwrap_or_default()));
        let pseudonym: Result<String, StoreError> = self.own.store().pseudonym(person, now(), &mut invent);
        Ok(pseudonym?)
    }
}

impl Veil for OwnVeil<'_> {
    fn person(&mut self, identity: &Identity) -> String {
        if let Some(known) = self.own.remembered().get(identity) {
            return known.clone();
        }
        match self.pseudonym(identity) {
            Ok(pseudonym) => {
                let mut remembered = self.own.remembered();
                if remembered.len() >= REMEMBERED_MAX {
                    remembered.clear();
                }
                remembered.insert(identity.clone(), pseudonym.clone());
                pseudonym
            }
            Err(error) => {
                self.failure.get_or_insert(error);
                String::new()
            }
        }
    }

    fn secret(&mut self, text: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.own.digest_key).expect("a key of any length will do");
        mac.update(text.as_bytes());
        format!("digest:{}", hex(&mac.finalize().into_bytes()[..8]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_person_has_one_pseudonym_and_a_secret_one_digest() {
        let own = Own::new(OwnStore::in_memory().expect("opens")).expect("has a key");
        let mut veil = own.veil();
        let jane = Identity { identifier: "B1".into(), login: "jd".into(), ..Identity::default() };
        let pseudonym = veil.person(&jane);
        assert!(pseudonym.starts_with("P-") && pseudonym.len() == 10, "{pseudonym}");
        assert_eq!(veil.person(&Identity { login: "JD".into(), ..Identity::default() }), pseudonym);
        assert_ne!(veil.person(&Identity { identifier: "B2".into(), ..Identity::default() }), pseudonym);
        assert_eq!(veil.secret("1234"), veil.secret("1234"));
        assert_eq!(veil.secret("1234").len(), "digest:".len() + 16);
        veil.check().expect("nothing failed");
    }
}
