//! Parquet files in several physical types, made by the Arrow writer.

use super::*;
use ::arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, DictionaryArray, Int32Array, Int64Array, RecordBatch, StringArray, UInt64Array,
};
use ::arrow::datatypes::Int32Type;
use ::bytes::Bytes;
use ::parquet::arrow::ArrowWriter;
use ::parquet::basic::{BrotliLevel, Compression as Codec, GzipLevel, ZstdLevel};
use ::parquet::file::metadata::{ParquetMetaDataReader, ParquetMetaDataWriter};
use ::parquet::file::properties::WriterProperties;
use std::sync::Arc;

fn file(columns: Vec<(&str, ArrayRef)>, codec: Codec, dictionary: bool) -> Vec<u8> {
    let batch = RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true)))
        .expect("columns of one length");
    let properties = WriterProperties::builder().set_compression(codec).set_dictionary_enabled(dictionary).build();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties)).expect("writer");
    writer.write(&batch).expect("memory");
    writer.close().expect("memory");
    bytes
}

fn strings(values: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

fn columns(
    number: impl Fn(&[Option<i64>]) -> ArrayRef,
    text: impl Fn(&[&str]) -> ArrayRef,
) -> Vec<(&'static str, ArrayRef)> {
    vec![
        ("version", number(&[Some(5); 4])),
        ("interface_id", text(&["eni-1", "eni-1", "eni-2", "eni-1"])),
        ("account_id", int64(&[Some(23_456_789_012); 4])),
        ("resource-id", text(&["-", "-", "-", "-"])),
        ("srcaddr", text(&["10.0.0.1", "10.0.0.220", "-", "10.0.0.1"])),
        ("dstaddr", text(&["10.0.0.220", "10.0.0.1", "-", "bad"])),
        ("pkt_srcaddr", text(&["10.0.0.1", "1.2.3.4", "-", "-"])),
        ("pkt_dstaddr", text(&["1.2.3.4", "10.0.0.1", "-", "-"])),
        ("bytes", number(&[Some(7), Some(900), None, Some(1)])),
        ("start", number(&[Some(1_700_000_000), Some(1_700_000_001), Some(5), Some(1)])),
        ("action", text(&["ACCEPT", "ACCEPT", "-", "ACCEPT"])),
        ("log_status", text(&["OK", "OK", "NODATA", "OK"])),
    ]
}

const ROWS: [&str; 3] = [
    "eni-1 - 10.0.0.1>10.0.0.220 10.0.0.1>1.2.3.4 7 1700000000 Accept",
    "eni-1 - 10.0.0.220>10.0.0.1 1.2.3.4>10.0.0.1 900 1700000001 Accept",
    "eni-2 - ->- ->- 0 5 NoData",
];

fn int64(values: &[Option<i64>]) -> ArrayRef {
    Arc::new(Int64Array::from(values.to_vec()))
}

/// A file whose footer names another compression than that of its columns.
fn said_to_be(codec: Codec) -> Vec<u8> {
    let whole = Bytes::from(file(columns(int64, strings), Codec::UNCOMPRESSED, false));
    let metadata = ParquetMetaDataReader::new().parse_and_finish(&whole).expect("a footer");
    let mut builder = metadata.into_builder();
    for group in builder.take_row_groups() {
        let mut group = group.into_builder();
        for column in group.take_columns() {
            let column = column.into_builder().set_compression(codec).build().expect("a column");
            group = group.add_column_metadata(column);
        }
        builder = builder.add_row_group(group.build().expect("a row group"));
    }
    let footer = usize::try_from(u32::from_le_bytes(whole[whole.len() - 8..][..4].try_into().expect("4 bytes")));
    let mut bytes = whole[..whole.len() - 8 - footer.expect("small")].to_vec();
    ParquetMetaDataWriter::new(&mut bytes, &builder.build()).finish().expect("memory");
    bytes
}

#[test]
fn a_compression_that_cannot_be_read_is_named() {
    assert_eq!(check(said_to_be(Codec::UNCOMPRESSED), Ok((&ROWS, &[4]))).expect("read").records, 4);
    let brotli = Codec::BROTLI(BrotliLevel::default());
    for (codec, name) in [(brotli, "Brotli"), (Codec::LZ4, "LZ4"), (Codec::LZ4_RAW, "LZ4"), (Codec::LZO, "LZO")] {
        let error = read(&said_to_be(codec), &LayoutHints::default()).map(|_| ()).expect_err("refused");
        assert_eq!(error.kind(), ErrorKind::Refused);
        assert!(error.to_string().contains(&format!("compressed with {name}, which is not supported")), "{error}");
    }
}

#[test]
fn a_table_too_wide_for_a_flow_log_is_called_so() {
    let names: Vec<String> = (0..200).map(|number| format!("more_{number}")).collect();
    let more = || names.iter().map(|name| (name.as_str(), strings(&["-"; 4])));
    let wide: Vec<(&str, ArrayRef)> = columns(int64, strings).into_iter().chain(more()).collect();
    check(file(wide, Codec::UNCOMPRESSED, false), Err("more than 128 fields"));
    check(file(more().collect(), Codec::UNCOMPRESSED, false), Err("not a flow log"));
}

#[test]
fn any_physical_type_gives_the_same_records() {
    let int32 = |v: &[Option<i64>]| -> ArrayRef {
        Arc::new(v.iter().map(|n| n.map(|n| i32::try_from(n).expect("small"))).collect::<Int32Array>())
    };
    let uint64 = |v: &[Option<i64>]| -> ArrayRef {
        Arc::new(v.iter().map(|n| n.map(i64::unsigned_abs)).collect::<UInt64Array>())
    };
    let as_text = |v: &[Option<i64>]| -> ArrayRef {
        Arc::new(v.iter().map(|n| n.map(|n| n.to_string())).collect::<StringArray>())
    };
    let binary = |v: &[&str]| -> ArrayRef { Arc::new(BinaryArray::from_iter_values(v)) };
    let dictionary = |v: &[&str]| -> ArrayRef { Arc::new(v.iter().copied().collect::<DictionaryArray<Int32Type>>()) };
    let nulls =
        |v: &[&str]| -> ArrayRef { Arc::new(v.iter().map(|t| (*t != "-").then_some(*t)).collect::<StringArray>()) };
    let gzip = Codec::GZIP(GzipLevel::default());
    for bytes in [
        file(columns(int64, strings), gzip, true),
        file(columns(int64, strings), Codec::SNAPPY, false),
        file(columns(int32, strings), Codec::UNCOMPRESSED, true),
        file(columns(uint64, dictionary), Codec::ZSTD(ZstdLevel::default()), true),
        file(columns(as_text, binary), gzip, true),
        file(columns(int64, nulls), gzip, true),
    ] {
        let outcome = check(&bytes, Ok((&ROWS, &[4]))).expect("read");
        assert_eq!((outcome.format, outcome.inflated_bytes), (FormatName::Parquet, bytes.len() as u64));
        assert!(has_pkt(&outcome) && !outcome.assumed_ok);
    }
}

#[test]
fn ports_of_any_type_are_read_and_those_of_a_strange_one_refuse_nothing() {
    let int32 = |v: [Option<i32>; 4]| -> ArrayRef { Arc::new(Int32Array::from(v.to_vec())) };
    let strange = || -> ArrayRef { Arc::new(BooleanArray::from(vec![true; 4])) };
    let none = (None, None);
    let (said, odd) = ([(Some(443), Some(50_000)), (Some(65_535), None), none], [none; 3]);
    for (src, dst, expect) in [
        (int32([Some(443), Some(65_535), None, Some(1)]), int64(&[Some(50_000), Some(65_536), None, Some(1)]), said),
        (strings(&["443", "65535", "-", "1"]), int32([Some(50_000), Some(-1), None, None]), said),
        (strange(), strange(), odd),
    ] {
        let mut columns = columns(int64, strings);
        columns.extend([("srcport", src), ("dstport", dst)]);
        let bytes = file(columns, Codec::SNAPPY, true);
        check(&bytes, Ok((&ROWS, &[4])));
        assert_eq!(read(&bytes, &LayoutHints::default()).expect("read").1.ports, expect);
    }
}

#[test]
fn ports_are_left_out_only_where_nobodys_matter() {
    let mut columns = columns(int64, strings);
    columns.extend([("srcport", int64(&[Some(443); 4])), ("dstport", int64(&[Some(50_000); 4]))]);
    let bytes = file(columns, Codec::SNAPPY, true);
    let (said, none) = ([(Some(443), Some(50_000)); 3], [(None, None); 3]);
    for (portless, expect) in [(&["eni-1", "eni-2"][..], none), (&["eni-1"], said), (&["eni-2"], said), (&[], said)] {
        let mut kept = Kept { portless: portless.to_vec(), ..Kept::default() };
        let source = SourceName::Prefix(String::new());
        read_bytes(&Memory(bytes.clone()), &source, &LayoutHints::default(), &mut kept).expect("read");
        assert_eq!((&kept.rows[..], &kept.ports[..]), (&ROWS.map(str::to_owned)[..], &expect[..]), "{portless:?}");
    }
}

#[test]
fn owners_of_any_type_are_read_and_those_of_a_strange_one_refuse_nothing() {
    let mut columns = columns(int64, strings);
    let strange: ArrayRef = Arc::new(BooleanArray::from(vec![true; 4]));
    let dictionary: ArrayRef = Arc::new(["a", "a", "-", "b"].into_iter().collect::<DictionaryArray<Int32Type>>());
    columns.extend([
        ("ecs_cluster_name", strings(&["shop", "shop", "-", "x"])),
        ("ecs_service_name", dictionary),
        ("asg_tag_2", strange),
    ]);
    let bytes = file(columns, Codec::SNAPPY, true);
    check(&bytes, Ok((&ROWS, &[4])));
    let owners = read(&bytes, &LayoutHints::default()).expect("read").1.owners;
    assert_eq!(owners, ["shop||a|||||||", "shop||a|||||||", ""]);
}

#[test]
fn other_parquet_is_refused_and_damaged_parquet_broken() {
    let one =
        |names: &[&'static str]| file(names.iter().map(|name| (*name, strings(&["-"]))).collect(), Codec::SNAPPY, true);
    check(one(&["class_uid", "metadata"]), Err("OCSF"));
    check(one(&["tgw_id", "srcaddr"]), Err("transit gateway"));
    check(one(&["srcaddr", "dstaddr"]), Err("the log lacks bytes, start, interface-id or resource-id"));
    check(one(&["line_item_usage_type"]), Err("not a flow log"));
    let whole = file(columns(int64, strings), Codec::SNAPPY, true);
    for cut in (4..whole.len()).step_by(7) {
        let error = read(&whole[..cut], &LayoutHints::default()).map(|_| ()).expect_err("cut");
        assert_eq!(error.kind(), ErrorKind::Broken, "{cut}");
    }
    for at in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x55;
        let _ = read(&damaged, &LayoutHints::default());
    }
    check([b"PAR1".as_slice(), &whole[4..]].concat(), Ok((&ROWS, &[4])));
}
