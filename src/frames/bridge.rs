//! Arrow arrays into Polars without a copy, over the Arrow C Data Interface. The only module with `unsafe` for it.
//!
//! Both crates lay the interface's two structs out as the specification says (`#[repr(C)]`), so moving one crate's struct into
//! the other's type hands over ownership: the release callback travels with it and is called once, by the last owner.

use arrow::array::{Array, RecordBatch};
use arrow::ffi::{FFI_ArrowArray, FFI_ArrowSchema, to_ffi};
use polars::prelude::{Column, DataFrame, Series};
use polars_arrow::ffi as polars_ffi;
use std::mem::transmute;

/// Why a batch could not become a frame.
#[derive(Debug, thiserror::Error)]
pub enum BridgeError {
    /// Arrow could not export the array.
    #[error("column cannot be exported: {0}")]
    Export(#[from] arrow::error::ArrowError),
    /// Polars could not import it.
    #[error("column cannot be imported: {0}")]
    Import(#[from] polars::error::PolarsError),
}

/// The frame of a record batch: same columns, same buffers.
pub fn frame(batch: &RecordBatch) -> Result<DataFrame, BridgeError> {
    let columns = batch
        .schema()
        .fields()
        .iter()
        .zip(batch.columns())
        .map(|(field, array)| series(field.name(), array.as_ref()).map(Column::from))
        .collect::<Result<Vec<Column>, BridgeError>>()?;
    Ok(DataFrame::new(batch.num_rows(), columns)?)
}

#[expect(unsafe_code, reason = "the one place where Arrow's structs cross into Polars")]
fn series(name: &str, array: &dyn Array) -> Result<Series, BridgeError> {
    const { assert!(size_of::<FFI_ArrowArray>() == size_of::<polars_ffi::ArrowArray>()) };
    const { assert!(size_of::<FFI_ArrowSchema>() == size_of::<polars_ffi::ArrowSchema>()) };
    let (array, schema) = to_ffi(&array.to_data())?;
    // SAFETY: both sides implement the Arrow C Data Interface, whose struct layout is fixed; sizes are asserted above. The
    // transmute moves, so exactly one owner remains, and both structs come from one `to_ffi` call, so they describe each other.
    let array = unsafe { transmute::<FFI_ArrowArray, polars_ffi::ArrowArray>(array) };
    // SAFETY: as above.
    let schema = unsafe { transmute::<FFI_ArrowSchema, polars_ffi::ArrowSchema>(schema) };
    // SAFETY: `schema` and `array` are valid until dropped and belong together, as `to_ffi` guarantees.
    let imported = unsafe {
        let field = polars_ffi::import_field_from_c(&schema)?;
        polars_ffi::import_array_from_c(array, field.dtype.clone())?
    };
    Ok(Series::from_arrow(name.into(), imported)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Int64Array, UInt32Array, UInt64Array};
    use std::sync::Arc;

    #[test]
    fn values_and_buffers_arrive_as_they_left() {
        let bytes = UInt64Array::from(vec![1, u64::MAX, 0]);
        let at = bytes.values().as_ptr();
        let batch = RecordBatch::try_from_iter([
            ("gateway", Arc::new(UInt32Array::from(vec![Some(1), None, Some(3)])) as Arc<dyn Array>),
            ("bytes", Arc::new(bytes)),
            ("start", Arc::new(Int64Array::from(vec![-1, 0, 1]))),
        ])
        .expect("columns of one length");
        let frame = frame(&batch).expect("plain columns");
        assert_eq!(frame.height(), 3);
        let column = frame.column("bytes").expect("there").u64().expect("u64").clone();
        let chunk = column.downcast_iter().next().expect("one chunk");
        assert_eq!(chunk.values().as_slice().as_ptr(), at, "the buffer was copied");
        assert_eq!(column.iter().collect::<Vec<_>>(), [Some(1), Some(u64::MAX), Some(0)]);
        let gateways = frame.column("gateway").expect("there").u32().expect("u32").clone();
        assert_eq!(gateways.iter().collect::<Vec<_>>(), [Some(1), None, Some(3)]);
    }
}
