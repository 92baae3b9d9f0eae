//! `natlens config`: every setting, its value and where it came from. The values are those that commands run by
//! (`resolve`); no credential is a setting, and none is shown.

use super::bundle::Bundle;
use super::origin::{Origin, Setting};
use super::output::{error, write_data};
use super::plan::{self, Refusal};
use super::resolve::{AccessSettings, BucketSettings, FormSettings, InputSettings};
use super::{ConfigArgs, Exit, Global, ListFormat};
use crate::aws::Access;
use crate::aws::chain::{Said, chain};
use crate::sinks::settings::{SCHEMA, SettingRow, SettingsList, render_json, render_table};
use crate::sources::settings::{Account, Rule, Team};
use clap::ValueEnum;
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};

/// Lists the settings.
pub fn act(args: &ConfigArgs, global: &Global) -> Exit {
    let list = match list(args, global) {
        Ok(list) => list,
        Err(Refusal { exit, what, hint }) => {
            error(&what, hint.as_deref());
            return exit;
        }
    };
    let text = match args.list {
        ListFormat::Json => render_json(&list),
        ListFormat::Table => render_table(&list, &plan::style(global, false, None)),
    };
    match write_data(&text, None) {
        Ok(()) => Exit::Done,
        Err(failure) => {
            error(&format!("stdout: cannot be written: {failure}"), None);
            Exit::Failed
        }
    }
}

fn list(args: &ConfigArgs, global: &Global) -> Result<SettingsList, Refusal> {
    let bundle = args.bundle.clone().unwrap_or_else(|| PathBuf::from("."));
    let (folder, layers) = Bundle::open(&bundle, &args.input.aws)?;
    let mut rows = Rows::default();
    let given = &args.input.given;
    let origin = if args.bundle.is_some() { Origin::Flag("BUNDLE".to_owned()) } else { Origin::Default };
    rows.add("bundle", &Setting { value: text_of(&bundle), origin });
    rows.inputs(InputSettings::new(&folder, &args.input, &layers)?);
    rows.form(FormSettings::new(&args.form, args.format, &args.input, &layers)?);
    let aws = &args.input.aws;
    rows.access(AccessSettings::new(&aws.access, &layers), BucketSettings::new(aws, &layers)?);
    let mut of_every_command = |key: &str, value: Value| {
        let origin = if given.has(key) { given.origin(key) } else { Origin::Default };
        rows.add(key, &Setting { value, origin });
    };
    of_every_command("color", json!(global.color.to_possible_value().map(|name| name.get_name().to_owned())));
    of_every_command("quiet", json!(global.quiet));
    of_every_command("verbose", json!(global.verbose));
    of_every_command("no-progress", json!(global.no_progress));
    Ok(SettingsList { schema: SCHEMA, files: layers.names().map(str::to_owned).collect(), settings: rows.0 })
}

#[derive(Default)]
struct Rows(Vec<SettingRow>);

impl Rows {
    fn add(&mut self, name: &str, setting: &Setting<Value>) {
        let (from, at) = setting.origin.parts();
        let at = (!at.is_empty()).then(|| at.to_owned());
        self.0.push(SettingRow { name: name.to_owned(), value: setting.value.clone(), from, at });
    }

    fn each<T>(&mut self, name: &str, all: Vec<Setting<T>>, show: fn(T) -> Value) {
        if all.is_empty() {
            self.add(name, &Setting::default(json!([])));
        }
        for (i, one) in all.into_iter().enumerate() {
            self.add(&format!("{name}[{i}]"), &one.map(show));
        }
    }

    fn inputs(&mut self, settings: InputSettings) {
        let InputSettings { flow_logs, inventory, billing, metrics, dns, prices, ip_ranges, log_format, .. } = settings;
        let parts = [
            ("flow-logs", flow_logs),
            ("billing", billing),
            ("inventory", inventory),
            ("metrics", metrics),
            ("dns", dns),
        ];
        for (name, part) in parts {
            self.add(name, &part.map(|paths| json!(paths)));
        }
        for (name, file) in [("prices", prices), ("ip-ranges", ip_ranges)] {
            self.add(name, &file.map(|path| path.as_deref().map_or(json!("built-in"), text_of)));
        }
        self.add("log-format", &log_format.map(|format| json!(format)));
        let period = settings.period;
        let (from, to) = period.span.unzip();
        for (name, text) in [("month", period.month), ("from", from), ("to", to)] {
            self.add(name, &text.map_or_else(|| Setting::default(Value::Null), |text| text.map(Value::String)));
        }
        self.add("cost-basis", &settings.cost_basis.map(|basis| json!(basis.as_str())));
        self.add("dns-look-back", &settings.dns_look_back.map(|hours| json!(hours)));
        self.add("threads", &settings.threads.map(|threads| json!(threads)));
        self.add("memory-limit", &settings.memory_limit.map(|limit| json!(limit.map(|limit| limit.to_string()))));
        self.add("no-cache", &settings.no_cache.map(|off| json!(off)));
        self.add("cache-dir", &settings.cache_dir.map(|dir| dir.as_deref().map_or(Value::Null, text_of)));
        self.each("rules", settings.rules, rule);
        self.each("teams", settings.teams, team);
    }

    fn form(&mut self, settings: FormSettings) {
        let FormSettings { group_by, top, format, strict, fail_on } = settings;
        let texts = |all: Vec<String>| json!(all);
        self.add("group-by", &group_by.map(|all| texts(all.iter().map(ToString::to_string).collect())));
        self.add("top", &top.map(|top| json!(top)));
        self.add("format", &format.map(|form| json!(form.to_possible_value().map(|name| name.get_name().to_owned()))));
        self.add("strict", &strict.map(|strict| json!(strict)));
        self.add("fail-on", &fail_on.map(|all| texts(all.iter().map(ToString::to_string).collect())));
    }

    fn access(&mut self, settings: AccessSettings, buckets: BucketSettings) {
        let AccessSettings { profile, regions, accounts } = settings;
        let BucketSettings { requester_pays, expected_owner } = buckets;
        let own = Access { profile: profile.as_ref().map(|profile| profile.value.clone()), ..Access::default() };
        let aws = chain(&own);
        let said = |said: Said| Setting { value: Value::String(said.value), origin: Origin::Aws(said.by) };
        let nothing = || Setting::default(Value::Null);
        let profile = profile.map(|own| own.map(Value::String)).or_else(|| aws.profile.map(said));
        self.add("aws.profile", &profile.unwrap_or_else(nothing));
        let region = |found: Said| said(found).map(|region| json!([region]));
        let regions = regions.map(|own| own.map(|all| json!(all))).or_else(|| aws.region.map(region));
        self.add("aws.regions", &regions.unwrap_or_else(|| Setting::default(json!([]))));
        self.add("aws.requester-pays", &requester_pays.map(|pays| json!(pays)));
        let owner = expected_owner.map(|owner| owner.map(Value::String));
        self.add("aws.expected-bucket-owner", &owner.unwrap_or_else(nothing));
        for (service, endpoint) in aws.endpoints {
            self.add(&format!("aws.endpoint.{}", service.to_lowercase().replace(' ', "-")), &said(endpoint));
        }
        let instance = || Setting::default(json!("instance metadata, if this is an instance"));
        self.add("aws.credentials", &aws.credentials.map_or_else(instance, said));
        self.each("accounts", accounts, account);
    }
}

fn text_of(path: &Path) -> Value {
    Value::String(path.display().to_string())
}

/// The fields that are there.
fn fields<const N: usize>(all: [(&str, Option<String>); N]) -> Value {
    let there = all.into_iter().filter_map(|(key, value)| Some((key.to_owned(), Value::String(value?))));
    Value::Object(there.collect::<Map<_, _>>())
}

fn rule(rule: Rule) -> Value {
    let Rule { cidr, host, port, name, region } = rule;
    fields([
        ("name", Some(name)),
        ("cidr", cidr.map(|cidr| cidr.to_string())),
        ("host", host),
        ("port", port.map(|port| port.to_string())),
        ("region", region),
    ])
}

fn team(team: Team) -> Value {
    let Team { name, tag, account, vpc, cidr, namespace } = team;
    fields([
        ("name", Some(name)),
        ("tag", tag.map(|tag| format!("{}={}", tag.key, tag.value))),
        ("account", account),
        ("vpc", vpc),
        ("cidr", cidr.map(|cidr| cidr.to_string())),
        ("namespace", namespace),
    ])
}

/// An external id is half of a handshake: that there is one is enough to know.
fn account(account: Account) -> Value {
    let Account { role_arn, external_id, regions, buckets, only_buckets } = account;
    let listed = |texts: &[String]| (!texts.is_empty()).then(|| texts.join(", "));
    fields([
        ("role-arn", Some(role_arn)),
        ("external-id", external_id.map(|_| "(set)".to_owned())),
        ("regions", listed(&regions)),
        ("buckets", listed(&buckets)),
        ("only-buckets", only_buckets.then(|| "true".to_owned())),
    ])
}
