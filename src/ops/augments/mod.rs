//! Augments: random or fixed changes of one image.

use crate::data::resize;
use crate::lang::types::Type;
use crate::ops::curves::{Between, Varying};
use crate::quantity::{Angle, Fraction, Pixels};

crate::choice! {
    /// How pixels are interpolated when an image is resized. A name of a library says whose pixels these are, bit for bit.
    pub enum Kernel {
        /// The nearest pixel, by no library's places.
        Nearest = "nearest",
        /// `"pil_bilinear"` but for rounding: some values differ by one.
        Linear = "linear",
        /// `"pil_box"` but for rounding: some values differ by one.
        Area = "area",
        /// `"pil_bicubic"` but for rounding and the order of its two ways: some values differ by one, by more where one way leads beyond black or white.
        Cubic = "cubic",
        /// `"pil_lanczos"` but for rounding and the order of its two ways, as `"cubic"`.
        Lanczos = "lanczos",
        /// OpenCV's `INTER_NEAREST`: the nearest pixel.
        OpencvNearest = "opencv_nearest",
        /// OpenCV's `INTER_LINEAR`: two pixels a side, however much smaller an image gets.
        OpencvLinear = "opencv_linear",
        /// OpenCV's `INTER_AREA`: the mean over the area that a pixel covers; on the way up nearly `"opencv_linear"`.
        OpencvArea = "opencv_area",
        /// OpenCV's `INTER_CUBIC`: four pixels a side (a = -0.75), however much smaller an image gets. By its own code: where Intel's is built in (IPP), that is to be turned off.
        OpencvCubic = "opencv_cubic",
        /// OpenCV's `INTER_LANCZOS4`: eight pixels a side, however much smaller an image gets.
        OpencvLanczos4 = "opencv_lanczos4",
        /// PIL's `NEAREST`: the nearest pixel.
        PilNearest = "pil_nearest",
        /// PIL's `BILINEAR`: two pixels a side, widened when an image gets smaller.
        PilBilinear = "pil_bilinear",
        /// PIL's `BOX`: the mean over the area that a pixel covers.
        PilBox = "pil_box",
        /// PIL's `BICUBIC`: four pixels a side (a = -0.5), widened when an image gets smaller.
        PilBicubic = "pil_bicubic",
        /// PIL's `LANCZOS`: six pixels a side, widened when an image gets smaller.
        PilLanczos = "pil_lanczos",
    }
}

impl Kernel {
    /// The kernel as the data room knows it.
    pub fn pixels(self) -> resize::Kernel {
        match self {
            Kernel::Nearest => resize::Kernel::Nearest,
            Kernel::Linear => resize::Kernel::Linear,
            Kernel::Area => resize::Kernel::Area,
            Kernel::Cubic => resize::Kernel::Cubic,
            Kernel::Lanczos => resize::Kernel::Lanczos,
            Kernel::OpencvNearest => resize::Kernel::OpencvNearest,
            Kernel::OpencvLinear => resize::Kernel::OpencvLinear,
            Kernel::OpencvArea => resize::Kernel::OpencvArea,
            Kernel::OpencvCubic => resize::Kernel::OpencvCubic,
            Kernel::OpencvLanczos4 => resize::Kernel::OpencvLanczos4,
            Kernel::PilNearest => resize::Kernel::PilNearest,
            Kernel::PilBilinear => resize::Kernel::PilBilinear,
            Kernel::PilBox => resize::Kernel::PilBox,
            Kernel::PilBicubic => resize::Kernel::PilBicubic,
            Kernel::PilLanczos => resize::Kernel::PilLanczos,
        }
    }
}

crate::operator! {
    /// A horizontal flip.
    pub struct Flip("flip", 1, |_| Type::Augment) {
        /// How often.
        p: Varying<Fraction> = Varying::Constant(Fraction(0.5)), in 0.0..=1.0;
    }
}

crate::operator! {
    /// Scales the image down so that its longer side has `side` pixels, and up again to its own size: what is left of a face seen from far away.
    pub struct LowResolution("low_resolution", 1, |_| Type::Augment) {
        /// The side when small, drawn uniformly among whole pixels.
        side: Between<Pixels>, in 1.0..=4096.0;
        /// The kernel on the way down.
        down: Kernel = Kernel::Cubic;
        /// The kernel on the way up.
        up: Kernel = Kernel::Cubic;
    }
}

crate::operator! {
    /// A part of the image: in its place, with one colour around it (AdaFace's crop), or as large as the image was (torchvision's `RandomResizedCrop`).
    ///
    /// Its share of the area and the logarithm of its width over its height are drawn uniformly, its place among all where it fits; of ten draws none of which fits, the largest part in the middle is taken.
    pub struct Crop("crop", 1, |_| Type::Augment) {
        /// Its share of the image's area, drawn uniformly.
        area: Between<Fraction>, in 0.0..=1.0;
        /// Its width over its height, whose logarithm is drawn uniformly.
        ratio: Between<f64> = Between::fixed(0.75, 4.0 / 3.0), in 0.01..=100.0;
        /// The kernel by which it gets as large as the image was; without one it stays in its place. `"pil_bilinear"` is torchvision's.
        resize: Option<Kernel> = None;
        /// The grey value around it, 0 to 255.
        fill: u32 = 0, in 0.0..=255.0;
    }
}

crate::choice! {
    /// How a pixel is made of those where it came from.
    pub enum Reading {
        /// The nearest one.
        Nearest = "nearest",
        /// The four around the place, by their distance.
        Bilinear = "bilinear",
    }
}

crate::operator! {
    /// Turns, scales, shifts and shears the image about its middle, by numbers drawn uniformly, each by itself. Pixels are those of torchvision's `affine` of a PIL image, bit for bit.
    pub struct Affine("affine", 1, |_| Type::Augment) {
        /// How far it is turned, clockwise.
        rotate: Between<Angle> = Between::fixed(Angle::radians(0.0), Angle::radians(0.0)), in -Angle::degrees(180.0).as_radians()..=Angle::degrees(180.0).as_radians();
        /// How much larger it gets.
        scale: Between<f64> = Between::fixed(1.0, 1.0), in 0.01..=100.0;
        /// The largest shift, in parts of the width and of the height; one draw for each, to whole pixels.
        shift: Varying<Fraction> = Varying::Constant(Fraction(0.0)), in 0.0..=1.0;
        /// How far columns lean.
        shear: Between<Angle> = Between::fixed(Angle::radians(0.0), Angle::radians(0.0)), in -Angle::degrees(80.0).as_radians()..=Angle::degrees(80.0).as_radians();
        /// How pixels are read.
        kernel: Reading = Reading::Bilinear;
        /// The grey value of what was outside, 0 to 255.
        fill: u32 = 0, in 0.0..=255.0;
    }
}

crate::operator! {
    /// A Gaussian blur. The kernel ends at 4 standard deviations, or is `window` pixels wide; edge pixels are repeated outwards.
    pub struct GaussianBlur("gaussian_blur", 1, |_| Type::Augment) {
        /// Standard deviation in pixels of the image, drawn uniformly.
        sigma: Between<f64>, in 0.0..=100.0;
        /// The whole width of the kernel, an odd number of pixels; for OpenCV and DALI a kernel of w pixels has the standard deviation 0.3 ((w - 1) / 2 - 1) + 0.8.
        window: Option<u32> = None, in 1.0..=999.0;
    }
    check = odd_window;
}

fn odd_window(call: &crate::lang::decl::Call) -> Vec<crate::lang::decl::Complaint> {
    let even = matches!(call.args.get("window"), Some(crate::lang::value::Value::Int(window)) if window % 2 == 0);
    let say = || {
        let (message, help) = (
            "`window` of `gaussian_blur` is odd: a pixel in the middle, and as many on each side",
            "write for example window = 3 or window = 5",
        );
        crate::ops::terms::about("window", message.to_owned(), help)
    };
    even.then(say).into_iter().collect()
}

crate::operator! {
    /// The blur of something that moves: the mean of `length` places one pixel apart on a straight line through each pixel, read between the pixels; edge pixels are repeated outwards.
    pub struct MotionBlur("motion_blur", 1, |_| Type::Augment) {
        /// The length of the line, drawn uniformly among whole pixels.
        length: Between<Pixels>, in 1.0..=512.0;
        /// Its direction, counter-clockwise from the right, drawn uniformly.
        angle: Between<Angle> = Between::fixed(Angle::radians(0.0), Angle::degrees(180.0)), in -Angle::degrees(360.0).as_radians()..=Angle::degrees(360.0).as_radians();
    }
}

crate::operator! {
    /// Gaussian noise: to every value, of each channel by itself, `sigma` times a normal number is added; rounded and cut at 0 and 255 (torchvision's `GaussianNoise`, in steps of 255).
    pub struct GaussianNoise("gaussian_noise", 1, |_| Type::Augment) {
        /// Standard deviation in steps of 255, drawn uniformly.
        sigma: Between<f64>, in 0.0..=255.0;
    }
}

crate::operator! {
    /// JPEG compression and decompression.
    pub struct Jpeg("jpeg", 2, |_| Type::Augment) {
        /// Quality from 1 to 100, drawn uniformly among whole numbers.
        quality: Between<i64>, in 1.0..=100.0;
    }
    changes = [(2, crate::data::decode::FOURTH)];
}

crate::operator! {
    /// A rectangle of one colour over a part of the image.
    pub struct Occlude("occlude", 1, |_| Type::Augment) {
        /// The share of the image's area that is hidden, drawn uniformly.
        area: Between<Fraction>, in 0.0..=1.0;
        /// The grey value of the rectangle, 0 to 255.
        fill: u32 = 0, in 0.0..=255.0;
    }
}

crate::operator! {
    /// A square of one colour whose middle is any pixel of the image; what of it lies outside is lost. Source: DeVries and Taylor, "Improved Regularization of Convolutional Neural Networks with Cutout", 2017.
    pub struct CutOut("cut_out", 1, |_| Type::Augment) {
        /// The side of the square, drawn uniformly among whole pixels.
        side: Between<Pixels>, in 1.0..=4096.0;
        /// Its grey value, 0 to 255.
        fill: u32 = 0, in 0.0..=255.0;
    }
}

crate::operator! {
    /// Multiplies every value by a factor drawn uniformly. Pixels are those of torchvision's `adjust_brightness` of a PIL image, bit for bit.
    pub struct Brightness("brightness", 2, |_| Type::Augment) {
        /// The factor.
        by: Between<f64>, in 0.0..=10.0;
    }
    changes = [(2, "values are cut to whole numbers as PIL and torchvision do, no longer rounded")];
}

crate::operator! {
    /// Multiplies the distance from the image's mean grey by a factor drawn uniformly. Pixels are those of torchvision's `adjust_contrast` of a PIL image, bit for bit.
    pub struct Contrast("contrast", 2, |_| Type::Augment) {
        /// The factor.
        by: Between<f64>, in 0.0..=10.0;
    }
    changes = [(2, "the mean grey is a whole number and values are cut to whole numbers, as PIL and torchvision do")];
}

crate::operator! {
    /// Multiplies the distance of every pixel from its own grey by a factor drawn uniformly. Pixels are those of torchvision's `adjust_saturation` of a PIL image, bit for bit.
    pub struct Saturation("saturation", 1, |_| Type::Augment) {
        /// The factor.
        by: Between<f64>, in 0.0..=10.0;
    }
}

crate::operator! {
    /// Turns the hues by an angle drawn uniformly. Pixels are those of torchvision's `adjust_hue` of a PIL image by `by / 360deg`, bit for bit.
    pub struct Hue("hue", 1, |_| Type::Augment) {
        /// How far: 18deg is torchvision's 0.05.
        by: Between<Angle>, in -Angle::degrees(180.0).as_radians()..=Angle::degrees(180.0).as_radians();
    }
}

crate::operator! {
    /// Turns the hues and stretches the colours in YIQ, where both are one matrix: DALI's `hsv`, of which insightface's training makes use.
    pub struct Yiq("yiq", 1, |_| Type::Augment) {
        /// How far hues are turned, drawn uniformly.
        hue: Between<Angle> = Between::fixed(Angle::radians(0.0), Angle::radians(0.0)), in -Angle::degrees(180.0).as_radians()..=Angle::degrees(180.0).as_radians();
        /// The factor of the distance from grey, drawn uniformly.
        saturation: Between<f64> = Between::fixed(1.0, 1.0), in 0.0..=10.0;
    }
}

crate::operator! {
    /// Makes the image grey (ITU-R BT.601 luma).
    pub struct Grey("grey", 1, |_| Type::Augment) {
        /// How often.
        p: Varying<Fraction> = Varying::Constant(Fraction(1.0)), in 0.0..=1.0;
    }
}

crate::operator! {
    /// RandAugment: `number` changes one after the other, each drawn uniformly from fourteen (none, shears, shifts, a turn, brightness, colour, contrast, sharpness, posterize, solarize, autocontrast, equalize), all of one strength.
    ///
    /// Source: Cubuk et al., "RandAugment: Practical automated data augmentation with a reduced search space", NeurIPS 2020; torchvision's `RandAugment`, whose pixels of a PIL image these are once the changes are drawn.
    pub struct RandAugment("rand_augment", 1, |_| Type::Augment) {
        /// How many changes.
        number: u32 = 2, in 1.0..=100.0;
        /// Their strength.
        magnitude: Varying<u32> = Varying::Constant(9), in 0.0..=30.0;
    }
}

crate::operator! {
    /// Another augment with some probability.
    pub struct Sometimes("sometimes", 1, |_| Type::Augment) {
        /// The other augment.
        augment: Box<Augment>;
        /// How often.
        p: Varying<Fraction>, in 0.0..=1.0;
    }
}

crate::operator! {
    /// One of several augments, each as likely as the others.
    pub struct OneOf("one_of", 1, |_| Type::Augment) {
        /// The others.
        augments: Vec<Augment>;
    }
    check = some_to_draw;
}

fn some_to_draw(call: &crate::lang::decl::Call) -> Vec<crate::lang::decl::Complaint> {
    let none = matches!(call.args.get("augments"), Some(crate::lang::value::Value::List(augments)) if augments.is_empty());
    let say = || {
        crate::ops::terms::about(
            "augments",
            "`one_of` draws one of its augments, and there are none".to_owned(),
            "name some: one_of([flip(), grey()])",
        )
    };
    none.then(say).into_iter().collect()
}

crate::operator! {
    /// All of several augments, one after the other in an order that is drawn anew each time, as torchvision's `ColorJitter` has it.
    pub struct InAnyOrder("in_any_order", 1, |_| Type::Augment) {
        /// The augments.
        augments: Vec<Augment>;
    }
}

crate::operator! {
    /// Several augments one after the other; a list of augments means this.
    pub struct Chain("chain", 1, |_| Type::Augment) {
        /// The augments in their order.
        augments: Vec<Augment>;
    }
}

crate::family! {
    /// Any augment.
    pub enum Augment: Type::Augment => {
        Flip, Crop, Affine, LowResolution, GaussianBlur, MotionBlur, GaussianNoise, Jpeg, Occlude, CutOut, Brightness, Contrast, Saturation, Hue, Yiq, Grey, RandAugment,
        Sometimes, OneOf, InAnyOrder, Chain
    }
}

impl<T: crate::lang::decl::Param> crate::lang::decl::Param for Box<T> {
    fn ty() -> Type {
        T::ty()
    }
    fn value(&self) -> crate::lang::value::Value {
        self.as_ref().value()
    }
}
