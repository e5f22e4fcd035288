//! Serving a request: a gate admits it, its body is read and validated, the handler runs, the answer is sent. Generated
//! code adds the parts of each operation.

mod answers;
pub mod check;
pub mod codes;
pub mod decode;
pub mod deprecation;
mod form;
pub mod format;
pub mod gate;
pub mod gone;
pub mod invalid;
pub mod operation;
pub mod pattern;
pub mod printable;
pub mod problem;
pub mod reply;
pub mod route;
pub mod serve;

pub use decode::{Asked, Body, Parameter, Scalar, Shape, Source};
pub use deprecation::{DeprecatedKind, Deprecation, UsedDeprecations};
pub use gate::{Gate, RequestId, Served};
pub use gone::Gone;
pub use invalid::{At, Invalid, Report};
pub use operation::{BodyRule, Operation, Permission, Requirement};
pub use pattern::Pattern;
pub use printable::{Open, Printable};
pub use problem::{DocumentedBy, ErrorCode, GateCode, Problem, title};
pub use reply::{Answer, Content, Refusal, Reply, ReplyCode, StoredAnswer, failed, render};
pub use serve::Arrived;
