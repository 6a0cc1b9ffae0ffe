//! What can be wrong with a layer's configuration.

use crate::field::{FieldError, FieldType};
use crate::graph::GraphError;
use crate::group::GroupError;
use crate::irreps::{Block, Irreps, IrrepsError};
use crate::kernel::KernelSize;

/// Why a layer cannot be built from its configuration.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LayerError {
    /// A number that must be positive is zero.
    #[error("{what} must be at least 1")]
    Zero {
        /// The setting's name.
        what: &'static str,
    },
    /// A real number is outside its range.
    #[error("{what} must be {range}, it is {value}")]
    OutOfRange {
        /// The setting's name.
        what: &'static str,
        /// What it was set to.
        value: f64,
        /// What it may be.
        range: &'static str,
    },
    /// A pooling window can lie in the padding alone.
    #[error(
        "pooling with padding {padding} and window {kernel_size} would take windows with no pixel in them; padding up \
         to {} works", kernel_size / 2
    )]
    PoolPadding {
        /// Padding on each side.
        padding: usize,
        /// Side of the window.
        kernel_size: usize,
    },
    /// The window does not fit into the input.
    #[error(
        "a window of {kernel_size} pixels does not fit into an input of {padded} (padding included)"
    )]
    WindowTooLarge {
        /// Side of the window.
        kernel_size: usize,
        /// Pixels on the axis, with padding.
        padded: usize,
    },
    /// The windows do not cover the axis symmetrically, so that a rotation by 90° does not map them to themselves.
    #[error(
        "windows of {kernel_size} with stride {stride} and padding {padding} leave {left_over} of {size} pixels over at \
         one end, so rotations by 90° are not exact; an input of {smaller} or {larger} pixels works, or stride 1"
    )]
    WindowsLeaveStrip {
        /// Pixels on the axis.
        size: usize,
        /// Side of the window.
        kernel_size: usize,
        /// Step between windows.
        stride: usize,
        /// Padding on each side.
        padding: usize,
        /// Pixels that no window covers.
        left_over: usize,
        /// The next smaller size that works.
        smaller: usize,
        /// The next larger size that works.
        larger: usize,
    },
    /// A kernel is too large to be sampled.
    #[error(
        "kernel_size {size} is too large: it goes up to {}; a dilation reaches further with the same number of weights",
        crate::kernel::MAX_KERNEL_SIZE
    )]
    KernelSize {
        /// The side asked for.
        size: usize,
    },
    /// A kernel whose matrix is asked for where it has none.
    #[error(
        "a kernel that is a network has no matrix of its own: a layer's `filter_bank` samples it with its weights"
    )]
    NotLinear,
    /// Other fields going out than coming in, where they stay apart.
    #[error(
        "fields that stay apart are as many going out as coming in: here {fields_in} come in and {fields_out} go out"
    )]
    FieldsApart {
        /// Coming in.
        fields_in: usize,
        /// Going out.
        fields_out: usize,
    },
    /// Groups of fields that are not equally large.
    #[error("{fields} fields cannot be shared out equally among {groups} groups")]
    UnequalGroups {
        /// How many there are.
        fields: usize,
        /// Among how many.
        groups: usize,
    },
    /// A group without factors, where a kernel is a product of functions on them.
    #[error(
        "{group} is no product of two groups, as a kernel that is separated along both asks for: `C8xR3` is one"
    )]
    NoProduct {
        /// The group's name.
        group: String,
    },
    /// A kernel that isn't square, under a group that turns it.
    #[error(
        "a kernel of {kernel_size} pixels is not mapped to itself by {group}; a square one works, or a group that keeps rows and \
         columns apart: trivial, C2, D1 or D2"
    )]
    Oblong {
        /// Height and width.
        kernel_size: KernelSize,
        /// The group's name.
        group: String,
    },
    /// A kernel without a pixel at its centre, under a group that scales it.
    #[error(
        "a kernel of {kernel_size} pixels has its centre between pixels, and under {group} its windows would not lie about one \
         point; an odd kernel_size works"
    )]
    EvenUnderScale {
        /// Height and width.
        kernel_size: KernelSize,
        /// The group's name.
        group: String,
    },
    /// A kernel that an element makes too large.
    #[error(
        "a kernel of {kernel_size} pixels has {window} under a {element}: windows go up to {}; a smaller kernel_size works, or \
         fewer scales, or scales that are closer together",
        crate::kernel::MAX_KERNEL_SIZE
    )]
    ScaledKernel {
        /// Height and width.
        kernel_size: KernelSize,
        /// What the element does.
        element: String,
        /// Height and width under it.
        window: KernelSize,
    },
    /// Pixels that a group takes to places between pixels of a larger window.
    #[error(
        "pixel kernels are scaled by whole factors, without rotations other than by 90°: under {group} their taps would fall \
         between pixels; kernel = {{ basis = \"hermite\" }} or {{ basis = \"b-spline\" }} works"
    )]
    PixelsBetween {
        /// The group's name.
        group: String,
    },
    /// Scales of waveforms that aren't whole.
    #[error(
        "waveforms are seen at scales that are whole numbers, and nothing turns them: {group} has others; `R5(2)` works, octaves"
    )]
    WholeScales {
        /// The group's name.
        group: String,
    },
    /// A kernel that sees more scales than there are.
    #[error("a kernel that sees {range} scales has no place on a map of {scales} scales ({group})")]
    RangeTooLong {
        /// Scales that it is to see.
        range: usize,
        /// Scales that there are.
        scales: usize,
        /// The group's name.
        group: String,
    },
    /// A kernel that is to stay the same under scalings.
    #[error(
        "no kernel of a finite size is the same at every scale: an isotropic convolution has no kernels over {group}"
    )]
    IsotropicUnderScale {
        /// The group's name.
        group: String,
    },
    /// Neither of two samplings holds the other.
    #[error(
        "a group convolution over {output} cannot take maps on {input}: one of both has to hold all elements of the other, as \
         C8 holds those of C4"
    )]
    Samplings {
        /// The group of the responses.
        output: String,
        /// The group of the input.
        input: String,
    },
    /// No spline fits into a kernel.
    #[error(
        "splines of order {order} at scale {scale} reach beyond a kernel of {size}×{size} pixels; {}a smaller order or scale \
         works", smallest.map(|n| format!("kernel_size {n} and more or ")).unwrap_or_default()
    )]
    SplineTooWide {
        /// Degree of the polynomial pieces.
        order: usize,
        /// Pixels between knots.
        scale: f64,
        /// Side of the kernel.
        size: usize,
        /// The smallest side that a spline fits into, if kernels can be that large.
        smallest: Option<usize>,
    },
    /// A dense grid of splines with a number of centres.
    #[error(
        "support \"dense\" puts as many splines side by side as fit, so `side` has no meaning with it; leave `side` out, or \
         choose support \"localized\", \"atrous\" or \"deformable\""
    )]
    DenseSide,
    /// Trained centres in a kernel that is averaged over H once, when the layer is built.
    #[error(
        "an isotropic convolution averages its kernel over the group once, so its splines cannot be \"deformable\"; \
         support \"dense\", \"localized\" or \"atrous\" works"
    )]
    IsotropicDeformable,
    /// Padding that keeps the size would move the output by half a pixel against the input.
    #[error(
        "a kernel of {kernel_size} pixels with dilation {dilation} has its centre between pixels, so that an output of \
         the input's size lies half a pixel off and does not turn with it; an odd kernel_size works, or padding \"none\""
    )]
    HalfPixel {
        /// Side of the kernel.
        kernel_size: usize,
        /// Distance between its taps.
        dilation: usize,
    },
    /// Circular padding would wrap around more than once.
    #[error(
        "circular padding of {padding} pixels is more than the {size} pixels of the input; padding \"same\" works, or a \
         smaller kernel or dilation"
    )]
    WrapsTwice {
        /// Padding on each side.
        padding: usize,
        /// Pixels on the axis.
        size: usize,
    },
    /// No path of a tensor product leads to a block of the output.
    #[error(
        "{input} ⊗ {attributes} → {output} cannot connect: no irrep of {input} times one of {attributes} contains the \
         {} of {block}", block.irrep
    )]
    Unreachable {
        /// The block that nothing leads to.
        block: Block,
        /// What should come out.
        output: Irreps,
        /// What comes in.
        input: Irreps,
        /// What it is multiplied by.
        attributes: Irreps,
    },
    /// A layer mixes more channels than there is memory for.
    #[error("there are {weights} weights, at most {most} are taken")]
    TooManyWeights {
        /// How many there would be.
        weights: usize,
        /// The most that are taken.
        most: usize,
    },
    /// A linear layer's output has an irrep that its input lacks.
    #[error(
        "{input} → {output} cannot connect: a linear layer keeps irreps apart, and {input} has no {} for {block}",
        block.irrep
    )]
    NotInInput {
        /// The block that nothing leads to.
        block: Block,
        /// What should come out.
        output: Irreps,
        /// What comes in.
        input: Irreps,
    },
    /// A tensor's width isn't that of its irreps.
    #[error("{what} should be {irreps}, {} numbers in a row, but rows have {found}", irreps.dim())]
    FeatureWidth {
        /// What the tensor is.
        what: &'static str,
        /// What it should hold.
        irreps: Irreps,
        /// The width it has.
        found: usize,
    },
    /// More kernels than there is memory for.
    #[error(
        "kernels of {kernel_size}×{kernel_size} pixels from {input} to {output} have more than {most} numbers together; a smaller \
         kernel_size works, fewer rotations, or irreps in place of functions on the group"
    )]
    LargeKernelSpace {
        /// What a field of the input is.
        input: String,
        /// What a field of the output is.
        output: String,
        /// Side of the kernel.
        kernel_size: usize,
        /// The most that are taken.
        most: usize,
    },
    /// No kernel leads to a field.
    #[error(
        "no kernel of {kernel_size}×{kernel_size} pixels leads to {field} from the fields {input}; a larger kernel_size works, or \
         fields of frequencies in between"
    )]
    UnreachableField {
        /// What should come out.
        field: String,
        /// What comes in.
        input: FieldType,
        /// Side of the kernel.
        kernel_size: usize,
    },
    /// Something that is done to each component of fields that are no functions on a set.
    #[error(
        "{layer} treats all components of a field alike, and {group} turns those of {field} into each other; it takes `trivial`, \
         `regular` and `quotient(…)`"
    )]
    NotPermuted {
        /// The layer's name.
        layer: &'static str,
        /// What the field is.
        field: String,
        /// The group.
        group: String,
    },
    /// A Fourier transform of what has no coefficients.
    #[error("{field} is not given by Fourier coefficients: `fourier(3)` is, up to frequency 3")]
    NotFourier {
        /// What the field is.
        field: String,
    },
    /// Too few samples for functions up to a frequency.
    #[error(
        "functions up to frequency {bandlimit} need {fewest} samples and more, there are {samples}"
    )]
    FewSamples {
        /// The highest frequency.
        bandlimit: usize,
        /// The number of samples around the circle.
        samples: usize,
        /// How many there have to be.
        fewest: usize,
    },
    /// Samples of functions on a group that don't hold all of its rotations.
    #[error(
        "{samples} samples around the circle are not mapped to themselves by {rotations} rotations: a multiple of {rotations} works"
    )]
    SamplesBetween {
        /// The number of samples around the circle.
        samples: usize,
        /// The number of rotations.
        rotations: usize,
    },
    /// Fields that are no functions on the group, where a map on the group is asked for.
    #[error("{field} is no function on {group}: a map on the group is made of `regular` fields")]
    NotRegular {
        /// What the field is.
        field: String,
        /// The group.
        group: String,
    },
    /// Two bases that aren't of the same representation.
    #[error(
        "{input} and {output} are no two bases of the same: field by field both have to fall into the same irreps in the same order, as \
         `regular` and `fourier(4)` of C8 do"
    )]
    OtherIrreps {
        /// What comes in.
        input: FieldType,
        /// What should come out.
        output: FieldType,
    },
    /// Fields cannot be made.
    #[error(transparent)]
    Fields(#[from] FieldError),
    /// Irreps cannot be made.
    #[error(transparent)]
    So3(#[from] IrrepsError),
    /// The graph cannot be made.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// The group cannot be made.
    #[error(transparent)]
    Group(#[from] GroupError),
}
