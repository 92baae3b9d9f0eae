//! Sorted requests and sorted entries, walked together. In memory is what one remote was asked for by in one VPC: an agreement
//! per hour, whatever the number of names and clients.

use super::requests::Requests;
use super::{Agree, Asked, AskedBy, Key, Names};
use hashbrown::HashMap;
use std::hash::Hash;

/// Names of which the meaning is remembered.
const KNOWN: usize = 1 << 16;

/// What the names of one hour have in common.
#[derive(Debug)]
struct Agreement<K> {
    hour: u32,
    /// What they mean; `None` if they mean different things.
    key: Option<K>,
    names: Names,
    /// The answer made from it.
    answer: Option<u32>,
}

/// Answers requests from entries.
#[derive(Debug)]
pub struct Join<'a, K, F> {
    requests: &'a Requests,
    meaning: F,
    known: HashMap<Box<str>, K>,
    /// Requests before this run are answered.
    next: usize,
    /// Remote, VPC and client of the entries at hand.
    at: [u32; 3],
    /// What the client at hand asked for, by hour.
    client: Vec<Agreement<K>>,
    /// What anyone in the VPC at hand asked for, by hour.
    vpc: Vec<Agreement<K>>,
    table: Vec<Asked<K>>,
    index: HashMap<Asked<K>, u32>,
    of_row: Vec<u32>,
}

impl<'a, K: Agree + Clone + Eq + Hash, F: FnMut(&str) -> K> Join<'a, K, F> {
    /// `meaning` says what a name means.
    #[must_use]
    pub fn new(requests: &'a Requests, meaning: F) -> Self {
        Self {
            requests,
            meaning,
            known: HashMap::new(),
            next: 0,
            at: [0; 3],
            client: Vec::new(),
            vpc: Vec::new(),
            table: vec![Asked::Nothing],
            index: HashMap::new(),
            of_row: vec![0; requests.rows() as usize],
        }
    }

    /// The next entry, in the order of keys, then names.
    pub fn entry(&mut self, &[remote, vpc, client, hour]: &Key, name: &str) {
        let at = [remote, vpc, client];
        if at != self.at {
            self.answer_before(at);
            self.client.clear();
            if at[..2] != self.at[..2] {
                self.vpc.clear();
            }
            self.at = at;
        }
        let key = self.meaning_of(name);
        // Client 0 comes first: what anyone in the VPC asked for is known when the first client is.
        let hours = if client == 0 { &mut self.vpc } else { &mut self.client };
        if let Some(agreement) = hours.last_mut().filter(|agreement| agreement.hour == hour) {
            agreement.key = agreement.key.take().and_then(|known| known.agree(&key));
            agreement.names.add(name);
        } else {
            let mut names = Names::default();
            names.add(name);
            hours.push(Agreement { hour, key: Some(key), names, answer: None });
        }
    }

    fn meaning_of(&mut self, name: &str) -> K {
        if let Some(key) = self.known.get(name) {
            return key.clone();
        }
        let key = (self.meaning)(name);
        if self.known.len() == KNOWN {
            self.known.clear();
        }
        self.known.insert(name.into(), key.clone());
        key
    }

    /// Answers the requests whose entries have all come: those before `at`.
    fn answer_before(&mut self, at: [u32; 3]) {
        let requests = self.requests;
        while let Some(run) = requests.runs().get(self.next).filter(|run| run.key < at) {
            for (row, hour) in (run.first_row as usize..).zip(requests.hours_of(run)) {
                self.of_row[row] = self.answer(run.key, hour);
            }
            self.next += 1;
        }
    }

    fn answer(&mut self, [remote, vpc, client]: [u32; 3], hour: u32) -> u32 {
        let mut found = None;
        if client != 0 && self.at == [remote, vpc, client] {
            found = latest(&mut self.client, hour, self.requests.look_back()).map(|names| (names, AskedBy::Client));
        }
        if found.is_none() && self.at[..2] == [remote, vpc] {
            found = latest(&mut self.vpc, hour, self.requests.look_back()).map(|names| (names, AskedBy::Vpc));
        }
        let Some((agreement, by)) = found else { return 0 };
        if let Some(answer) = agreement.answer {
            return answer;
        }
        let names = agreement.names.clone();
        let asked = match &agreement.key {
            Some(key) => Asked::Service { key: key.clone(), by, names },
            None => Asked::Ambiguous { by, names },
        };
        let next = u32::try_from(self.table.len()).expect("no more answers than rows");
        let answer = *self.index.entry_ref(&asked).or_insert(next);
        if answer == next {
            self.table.push(asked);
        }
        agreement.answer = Some(answer);
        answer
    }

    /// The answers, when all entries have come.
    #[must_use]
    pub fn finish(mut self) -> Answers<K> {
        self.answer_before([u32::MAX; 3]);
        Answers { table: self.table, of_row: self.of_row }
    }
}

/// The latest hour up to this one, and no more than the look-back before it.
fn latest<K>(hours: &mut [Agreement<K>], hour: u32, look_back: u32) -> Option<&mut Agreement<K>> {
    let after = hours.partition_point(|agreement| agreement.hour <= hour);
    hours[..after].last_mut().filter(|agreement| hour - agreement.hour <= look_back)
}

/// What Resolver logs say about each row.
#[derive(Debug)]
pub struct Answers<K> {
    table: Vec<Asked<K>>,
    of_row: Vec<u32>,
}

impl<K> Answers<K> {
    /// The answer of a row, as a number: equal numbers are equal answers, 0 is [`Asked::Nothing`].
    #[must_use]
    pub fn number(&self, row: usize) -> u32 {
        self.of_row[row]
    }

    /// The answer of a number.
    #[must_use]
    pub fn asked(&self, number: u32) -> &Asked<K> {
        &self.table[number as usize]
    }

    /// The answer of a row.
    #[must_use]
    pub fn of(&self, row: usize) -> &Asked<K> {
        self.asked(self.number(row))
    }
}
