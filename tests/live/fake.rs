//! AWS on loopback: answers from JSON, on request with refusals, throttling, endless pages, broken answers. Notes every request.

use super::xml;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What the account has.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// Lists by Region and key, `NatGateways`.
    pub inventory: BTreeMap<(String, String), Vec<Value>>,
    /// Addresses by prefix list.
    pub entries: BTreeMap<String, Vec<Value>>,
    /// Things on a page.
    pub page: usize,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug)]
pub enum Trick {
    /// Status, code and message.
    Refuse(u16, &'static str, &'static str),
    /// The same next page for ever.
    Loop,
    /// A success that breaks off in the middle, with the length of the whole.
    Cut,
    /// A success that is no XML.
    Rubbish,
    /// Refuses with all that was sent, as a wrong signature is explained.
    Echo,
}

/// A request as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// `ec2:DescribeVpcs`.
    pub action: String,
    /// From the signature.
    pub region: String,
    /// The access key of the signature.
    pub key: String,
}

#[derive(Debug)]
struct Shared {
    state: State,
    /// By operation: requests left that go wrong.
    tricks: Mutex<BTreeMap<String, (usize, Trick)>>,
    asked: Mutex<Vec<Asked>>,
}

/// The server; its thread ends with the test's process.
#[derive(Debug)]
pub struct Fake {
    url: String,
    shared: Arc<Shared>,
}

struct Request {
    headers: BTreeMap<String, String>,
    body: String,
}

impl Fake {
    pub fn start(state: State) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let shared = Arc::new(Shared { state, tricks: Mutex::default(), asked: Mutex::default() });
        let of_thread = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&of_thread);
                std::thread::spawn(move || connection(&shared, stream));
            }
        });
        Self { url, shared }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// The next `times` requests of an operation go wrong.
    pub fn trick(&self, operation: &str, times: usize, trick: Trick) {
        self.shared.tricks.lock().expect("a lock").insert(operation.to_owned(), (times, trick));
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.shared.asked.lock().expect("a lock").clone()
    }

    /// How often an action was asked for.
    pub fn count(&self, action: &str) -> usize {
        self.asked().iter().filter(|asked| asked.action == action).count()
    }
}

fn connection(shared: &Shared, stream: TcpStream) {
    let mut reader = BufReader::new(stream.try_clone().expect("a stream"));
    let mut writer = stream;
    while let Some(request) = read(&mut reader) {
        let (status, kind, body, cut) = answer(shared, &request);
        let head = format!(
            "HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
            body.len() + if cut { 1000 } else { 0 }
        );
        if writer.write_all(head.as_bytes()).and_then(|()| writer.write_all(&body)).is_err() || cut {
            return;
        }
    }
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|&read| read > 0)?;
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        match line.trim_end().split_once(':') {
            Some((name, value)) => drop(headers.insert(name.to_ascii_lowercase(), value.trim().to_owned())),
            None => break,
        }
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request { headers, body: String::from_utf8_lossy(&body).into_owned() })
}

/// `Credential=KEY/20261101/us-east-1/ec2/aws4_request`.
fn scope(request: &Request) -> (String, String, String) {
    let text = request.headers.get("authorization").cloned().unwrap_or_default();
    let scope = text.split_once("Credential=").and_then(|(_, rest)| rest.split(',').next()).unwrap_or_default();
    let parts: Vec<&str> = scope.split('/').collect();
    let part = |at: usize| (*parts.get(at).unwrap_or(&"")).to_owned();
    (part(0), part(2), part(3))
}

fn form(body: &str) -> BTreeMap<String, String> {
    let pairs = body.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(key, value)| (decoded(key), decoded(value))).collect()
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let hex: String = rest.by_ref().take(2).map(char::from).collect();
            bytes.push(u8::from_str_radix(&hex, 16).expect("a byte"));
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).expect("text")
}

type Answer = (u16, &'static str, Vec<u8>, bool);

fn answer(shared: &Shared, request: &Request) -> Answer {
    let (key, region, service) = scope(request);
    let form = form(&request.body);
    let operation = form.get("Action").cloned().unwrap_or_default();
    let asked = Asked { action: format!("{service}:{operation}"), region: region.clone(), key: key.clone() };
    shared.asked.lock().expect("a lock").push(asked);
    let mut tricks = shared.tricks.lock().expect("a lock");
    let trick = tricks.get_mut(&operation).filter(|(left, _)| *left > 0).map(|(left, trick)| {
        *left -= 1;
        *trick
    });
    drop(tricks);
    let xml = |status: u16, text: String| (status, "text/xml;charset=UTF-8", text.into_bytes(), false);
    let refusal = |code: &str, message: &str| {
        format!(
            "<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors><RequestID>1</RequestID></Response>"
        )
    };
    match trick {
        Some(Trick::Refuse(status, code, message)) => return xml(status, refusal(code, message)),
        Some(Trick::Echo) => {
            let headers: Vec<String> = request.headers.iter().map(|(name, value)| format!("{name}:{value}")).collect();
            return xml(403, refusal("SignatureDoesNotMatch", &format!("The string was {}", headers.join(" "))));
        }
        Some(Trick::Rubbish) => return xml(200, "<html>try again".to_owned()),
        Some(Trick::Loop | Trick::Cut) | None => {}
    }
    if service == "sts" {
        return xml(200, identity(&operation, &key, &form));
    }
    if form.get("DryRun").is_some_and(|dry| dry == "true") {
        return xml(412, refusal("DryRunOperation", "Request would have succeeded, but DryRun flag is set."));
    }
    let (values, next) = describe(&shared.state, &region, &operation, &form);
    let next = if matches!(trick, Some(Trick::Loop)) { Some("again".to_owned()) } else { next };
    let (status, kind, mut body, _) = xml(200, xml::answer(&operation, &values, next.as_deref()));
    let cut = matches!(trick, Some(Trick::Cut));
    if cut {
        body.truncate(body.len() / 2);
    }
    (status, kind, body, cut)
}

fn identity(operation: &str, key: &str, form: &BTreeMap<String, String>) -> String {
    if operation == "AssumeRole" {
        let arn = form.get("RoleArn").cloned().unwrap_or_default();
        let account = arn.split(':').nth(4).unwrap_or_default();
        return format!(
            "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><AssumedRoleUser>\
             <AssumedRoleId>A:natlens</AssumedRoleId><Arn>{arn}</Arn></AssumedRoleUser><Credentials><AccessKeyId>ROLE{account}</AccessKeyId>\
             <SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>\
             </AssumeRoleResult></AssumeRoleResponse>"
        );
    }
    let account = key.strip_prefix("ROLE").unwrap_or("111122223333");
    format!(
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
     <Arn>arn:aws:iam::{account}:user/x</Arn><UserId>A</UserId><Account>{account}</Account></GetCallerIdentityResult>\
     </GetCallerIdentityResponse>"
    )
}

/// The lists of an operation, a page of them.
fn describe(
    state: &State,
    region: &str,
    operation: &str,
    form: &BTreeMap<String, String>,
) -> (Map<String, Value>, Option<String>) {
    let keys: &[&str] = match operation {
        "DescribeNatGateways" => &["NatGateways"],
        "DescribeNetworkInterfaces" => &["NetworkInterfaces"],
        "DescribeInstances" => &["Reservations"],
        "DescribeVpcs" => &["Vpcs"],
        "DescribeSubnets" => &["Subnets"],
        "DescribeRouteTables" => &["RouteTables"],
        "DescribeVpcEndpoints" => &["VpcEndpoints"],
        "DescribeVpcEndpointServices" => &["ServiceDetails", "ServiceNames"],
        "DescribeManagedPrefixLists" => &["PrefixLists"],
        "DescribeFlowLogs" => &["FlowLogs"],
        "DescribeTransitGatewayAttachments" => &["TransitGatewayAttachments"],
        "GetManagedPrefixListEntries" => &["Entries"],
        other => panic!("{other} was asked for, and is no call that natlens has"),
    };
    let from: usize = form.get("NextToken").map_or(0, |token| token.parse().unwrap_or(0));
    let (mut values, mut next) = (Map::new(), None);
    for key in keys {
        let all = match form.get("PrefixListId") {
            Some(list) => state.entries.get(list).cloned().unwrap_or_default(),
            None => state.inventory.get(&(region.to_owned(), (*key).to_owned())).cloned().unwrap_or_default(),
        };
        let end = if state.page == 0 { all.len() } else { all.len().min(from + state.page) };
        if end < all.len() {
            next = Some(end.to_string());
        }
        values.insert((*key).to_owned(), json!(all.get(from..end).unwrap_or_default()));
    }
    (values, next)
}
