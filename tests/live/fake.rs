//! AWS on loopback: answers from JSON, on request with refusals, throttling, endless pages, broken answers. Notes every request.

use super::http::{Incoming, decoded};
use super::{cbor, xml};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::io::{BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// What the account has.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// Lists by Region and key, `NatGateways`.
    pub inventory: BTreeMap<(String, String), Vec<Value>>,
    /// Addresses by prefix list.
    pub entries: BTreeMap<String, Vec<Value>>,
    /// What metered what: times and values by the label of a series, `nat-0a BytesInFromSource`.
    pub metrics: BTreeMap<String, (Vec<u64>, Vec<u64>)>,
    /// Pages of Cost Explorer.
    pub costs: Vec<Value>,
    /// Events by log group: milliseconds and message, in the order of time.
    pub events: BTreeMap<String, Vec<(i64, String)>>,
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
    /// Requests that are answered; those after them wait for ever.
    answered: AtomicUsize,
}

/// The server; its thread ends with the test's process.
#[derive(Debug)]
pub struct Fake {
    url: String,
    shared: Arc<Shared>,
}

impl Fake {
    pub fn start(state: State) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let shared = Arc::new(Shared {
            state,
            tricks: Mutex::default(),
            asked: Mutex::default(),
            answered: AtomicUsize::new(usize::MAX),
        });
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

    /// After so many requests, nothing is answered any more.
    pub fn hang_after(&self, requests: usize) {
        self.shared.answered.store(requests, Ordering::SeqCst);
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
    while let Some(request) = Incoming::read(&mut reader) {
        let (status, kind, body, cut) = answer(shared, &request);
        while shared.asked.lock().expect("a lock").len() > shared.answered.load(Ordering::SeqCst) {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        let protocol = if kind == "application/cbor" { "smithy-protocol: rpc-v2-cbor\r\n" } else { "" };
        let head = format!(
            "HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\n{protocol}Content-Length: {}\r\n\r\n",
            body.len() + if cut { 1000 } else { 0 }
        );
        // In one piece: two would wait for each other's acknowledgement.
        if writer.write_all(&[head.as_bytes(), &body].concat()).is_err() || cut {
            return;
        }
    }
}

/// `Credential=KEY/20261101/us-east-1/ec2/aws4_request`.
fn scope(request: &Incoming) -> (String, String, String) {
    let text = request.header("authorization").unwrap_or_default();
    let scope = text.split_once("Credential=").and_then(|(_, rest)| rest.split(',').next()).unwrap_or_default();
    let parts: Vec<&str> = scope.split('/').collect();
    let part = |at: usize| (*parts.get(at).unwrap_or(&"")).to_owned();
    (part(0), part(2), part(3))
}

fn form(body: &str) -> BTreeMap<String, String> {
    let pairs = body.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(key, value)| (decoded(key), decoded(value))).collect()
}

type Answer = (u16, &'static str, Vec<u8>, bool);

/// `ec2:DescribeVpcs`, from wherever the protocol of the service has it.
fn action(service: &str, request: &Incoming, form: &BTreeMap<String, String>) -> String {
    let of_form = || form.get("Action").cloned().unwrap_or_default();
    let target =
        || request.header("x-amz-target").and_then(|target| target.rsplit('.').next()).unwrap_or_default().to_owned();
    match service {
        "monitoring" => format!("cloudwatch:{}", request.target.rsplit('/').next().unwrap_or_default()),
        "ce" | "logs" => format!("{service}:{}", target()),
        "s3" if request.method == "PUT" => "s3:PutObject".to_owned(),
        "s3" if request.method == "DELETE" => "s3:DeleteObject".to_owned(),
        "s3" if request.target.contains("list-type") => "s3:ListBucket".to_owned(),
        "s3" => "s3:GetObject".to_owned(),
        _ => format!("{service}:{}", of_form()),
    }
}

fn refusal(service: &str, status: u16, code: &str, message: &str) -> Answer {
    let json = json!({"__type": format!("com.amazonaws#{code}"), "message": message, "Message": message});
    match service {
        "monitoring" => (status, "application/cbor", cbor::encode(&json), false),
        "ce" | "logs" => (status, "application/x-amz-json-1.1", json.to_string().into_bytes(), false),
        "s3" => {
            let text = format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>");
            (status, "application/xml", text.into_bytes(), false)
        }
        _ => {
            let text = format!(
                "<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors><RequestID>1</RequestID></Response>"
            );
            (status, "text/xml;charset=UTF-8", text.into_bytes(), false)
        }
    }
}

fn answer(shared: &Shared, request: &Incoming) -> Answer {
    let (key, region, service) = scope(request);
    let form = form(&String::from_utf8_lossy(&request.body));
    let action = action(&service, request, &form);
    let operation = action.rsplit(':').next().unwrap_or_default().to_owned();
    shared.asked.lock().expect("a lock").push(Asked { action, region: region.clone(), key: key.clone() });
    let mut tricks = shared.tricks.lock().expect("a lock");
    let trick = tricks.get_mut(&operation).filter(|(left, _)| *left > 0).map(|(left, trick)| {
        *left -= 1;
        *trick
    });
    drop(tricks);
    match trick {
        Some(Trick::Refuse(status, code, message)) => return refusal(&service, status, code, message),
        Some(Trick::Echo) => {
            let headers: Vec<String> = request.headers.iter().map(|(name, value)| format!("{name}:{value}")).collect();
            let message = format!("The string was {}", headers.join(" "));
            return refusal(&service, 403, "SignatureDoesNotMatch", &message);
        }
        Some(Trick::Rubbish) => return (200, "text/html", b"<html>try again".to_vec(), false),
        Some(Trick::Loop | Trick::Cut) | None => {}
    }
    if form.get("DryRun").is_some_and(|dry| dry == "true") {
        let message = "Request would have succeeded, but DryRun flag is set.";
        return refusal(&service, 412, "DryRunOperation", message);
    }
    let endless = matches!(trick, Some(Trick::Loop));
    let (kind, mut body) = match service.as_str() {
        // Buckets are there, and empty.
        "s3" if operation == "ListBucket" => {
            let page = "<ListBucketResult><Name>b</Name><IsTruncated>false</IsTruncated></ListBucketResult>";
            ("application/xml", page.as_bytes().to_vec())
        }
        "s3" => return refusal(&service, 404, "NoSuchKey", "The specified key does not exist."),
        "sts" => ("text/xml;charset=UTF-8", identity(&operation, &key, &form).into_bytes()),
        "monitoring" if operation == "ListMetrics" => {
            ("application/cbor", cbor::encode(&list_metrics(&shared.state, &cbor::decode(&request.body), endless)))
        }
        "monitoring" => {
            ("application/cbor", cbor::encode(&metric_data(&shared.state, &cbor::decode(&request.body), endless)))
        }
        "ce" => {
            ("application/x-amz-json-1.1", costs(&shared.state, &json_of(request), endless).to_string().into_bytes())
        }
        "logs" => match events(&shared.state, &json_of(request), endless) {
            Some(page) => ("application/x-amz-json-1.1", page.to_string().into_bytes()),
            None => {
                return refusal(&service, 400, "ResourceNotFoundException", "The specified log group does not exist.");
            }
        },
        _ => {
            let (values, next) = describe(&shared.state, &region, &operation, &form);
            let next = if endless { Some("again".to_owned()) } else { next };
            ("text/xml;charset=UTF-8", xml::answer(&operation, &values, next.as_deref()).into_bytes())
        }
    };
    let cut = matches!(trick, Some(Trick::Cut));
    if cut {
        body.truncate(body.len() / 2);
    }
    (200, kind, body, cut)
}

fn json_of(request: &Incoming) -> Value {
    serde_json::from_slice(&request.body).expect("JSON")
}

/// Elements of a list from a token on, and the token of the next page.
fn page<'a, T>(state: &State, all: &'a [T], token: Option<&str>, endless: bool) -> (&'a [T], Option<String>) {
    let from: usize = token.map_or(0, |token| token.parse().unwrap_or(0));
    let end = if state.page == 0 { all.len() } else { all.len().min(from + state.page) };
    let next = if endless { Some("again".to_owned()) } else { (end < all.len()).then(|| end.to_string()) };
    (all.get(from..end).unwrap_or_default(), next)
}

/// The gateways that metered.
fn list_metrics(state: &State, request: &Value, endless: bool) -> Value {
    // `doctor` asks for a metric that nobody has, only to see whether it may.
    if request["MetricName"] == "natlens-doctor" {
        return json!({"Metrics": []});
    }
    assert!(request["Namespace"] == "AWS/NATGateway" && request["MetricName"] == "BytesInFromSource", "{request}");
    let labels: Vec<&String> = state.metrics.keys().filter(|label| label.ends_with(" BytesInFromSource")).collect();
    let (some, next) = page(state, &labels, request["NextToken"].as_str(), endless);
    let metric = |label: &&String| {
        let mut parts: Vec<&str> = label.split(' ').collect();
        let metric = parts.pop();
        let dimension = |(value, name): (&&str, &str)| json!({"Name": name, "Value": value});
        let dimensions: Vec<Value> = parts.iter().zip(["NatGatewayId", "AvailabilityZone"]).map(dimension).collect();
        json!({"Namespace": "AWS/NATGateway", "MetricName": metric, "Dimensions": dimensions})
    };
    let mut answer = json!({"Metrics": some.iter().map(metric).collect::<Vec<_>>()});
    if let Some(next) = next {
        answer["NextToken"] = json!(next);
    }
    answer
}

/// The series that the dimensions name, all of them and no others.
fn metric_data(state: &State, request: &Value, endless: bool) -> Value {
    let queries = request["MetricDataQueries"].as_array().expect("queries");
    assert!(queries.len() <= 500 && request["StartTime"].is_number(), "{request}");
    let (some, next) = page(state, queries, request["NextToken"].as_str(), endless);
    let result = |query: &Value| {
        let stat = &query["MetricStat"];
        assert!(stat["Stat"] == "Sum" && stat["Period"] == 3600, "{query}");
        let dimensions: BTreeMap<&str, &str> = stat["Metric"]["Dimensions"]
            .as_array()
            .expect("dimensions")
            .iter()
            .map(|d| (d["Name"].as_str().expect("a name"), d["Value"].as_str().expect("a value")))
            .collect();
        let names: Vec<&str> = dimensions.keys().copied().collect();
        let of = match (stat["Metric"]["Namespace"].as_str().expect("a namespace"), &names[..]) {
            ("AWS/NATGateway", ["NatGatewayId"]) => dimensions["NatGatewayId"].to_owned(),
            ("AWS/NATGateway", ["AvailabilityZone", "NatGatewayId"]) => {
                format!("{} {}", dimensions["NatGatewayId"], dimensions["AvailabilityZone"])
            }
            ("AWS/PrivateLinkEndpoints", ["Endpoint Type", "Service Name", "VPC Endpoint Id", "VPC Id"]) => {
                dimensions["VPC Endpoint Id"].to_owned()
            }
            other => panic!("{other:?}"),
        };
        let label = format!("{of} {}", stat["Metric"]["MetricName"].as_str().expect("a metric"));
        let (times, values) = state.metrics.get(&label).cloned().unwrap_or_default();
        json!({"Id": query["Id"], "Label": query["Label"], "Timestamps": times, "Values": values, "StatusCode": "Complete"})
    };
    let mut answer = json!({"MetricDataResults": some.iter().map(result).collect::<Vec<_>>(), "Messages": []});
    if let Some(next) = next {
        answer["NextToken"] = json!(next);
    }
    answer
}

fn costs(state: &State, request: &Value, endless: bool) -> Value {
    assert_eq!(request["Granularity"], "DAILY");
    assert_eq!(
        request["GroupBy"],
        json!([{"Type": "DIMENSION", "Key": "USAGE_TYPE"}, {"Type": "DIMENSION", "Key": "LINKED_ACCOUNT"}])
    );
    assert_eq!(request["Filter"]["And"][1]["Dimensions"]["Key"], "RECORD_TYPE");
    // `doctor` asks for a day, only to see whether it may.
    if request["TimePeriod"] != json!({"Start": "2026-10-01", "End": "2026-11-01"}) {
        return json!({"GroupDefinitions": request["GroupBy"], "ResultsByTime": []});
    }
    let at: usize = request["NextPageToken"].as_str().map_or(0, |token| token.parse().unwrap_or(0));
    let empty = json!({"GroupDefinitions": request["GroupBy"], "ResultsByTime": [], "DimensionValueAttributes": []});
    let mut page = state.costs.get(at).cloned().unwrap_or(empty);
    if let Some(page) = page.as_object_mut() {
        page.remove("NextPageToken");
    }
    if endless || at + 1 < state.costs.len() {
        page["NextPageToken"] = json!(if endless { "again".to_owned() } else { (at + 1).to_string() });
    }
    page
}

fn events(state: &State, request: &Value, endless: bool) -> Option<Value> {
    let all = state.events.get(request["logGroupName"].as_str()?)?;
    let bounds = request["startTime"].as_i64()?..=request["endTime"].as_i64()?;
    let inside: Vec<&(i64, String)> = all.iter().filter(|(time, _)| bounds.contains(time)).collect();
    let (some, next) = page(state, &inside, request["nextToken"].as_str(), endless);
    let event = |(time, message): &&(i64, String)| json!({"logStreamName": "eni-1-all", "timestamp": time, "message": message, "ingestionTime": time, "eventId": format!("e{time}")});
    let mut page = json!({"events": some.iter().map(event).collect::<Vec<_>>(), "searchedLogStreams": []});
    if let Some(next) = next {
        page["nextToken"] = json!(next);
    }
    Some(page)
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
    let token = form.get("NextToken").map(String::as_str);
    let (mut values, mut next) = (Map::new(), None);
    for key in keys {
        let all = match form.get("PrefixListId") {
            Some(list) => state.entries.get(list).cloned().unwrap_or_default(),
            None => state.inventory.get(&(region.to_owned(), (*key).to_owned())).cloned().unwrap_or_default(),
        };
        let (some, more) = page(state, &all, token, false);
        next = next.or(more);
        values.insert((*key).to_owned(), json!(some));
    }
    (values, next)
}
