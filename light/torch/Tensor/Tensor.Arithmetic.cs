using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>How a division rounds.</summary>
    public enum RoundingMode
    {
        None,
        trunc,
        floor,
    }

    public partial class Tensor
    {
        // A scalar goes in as a number that stands for a tensor, as from Python: one dispatch less than the .Scalar overloads, same bits.
        public Tensor add(Tensor target) => Aten.add__Tensor.Tensor(this, target);
        public Tensor add(Tensor target, Scalar alpha) => Aten.add__Tensor.Tensor(this, target, alpha);
        public Tensor add(Scalar scalar) => Aten.add__Tensor.Tensor(this, scalar);
        public Tensor add(Scalar scalar, Scalar alpha) => Aten.add__Tensor.Tensor(this, scalar, alpha);
        public Tensor add_(Tensor target) => Aten.add___Tensor.Tensor(this, target);
        public Tensor add_(Tensor target, Scalar alpha) => Aten.add___Tensor.Tensor(this, target, alpha);
        public Tensor add_(Scalar scalar) => Aten.add___Tensor.Tensor(this, scalar);
        public Tensor add_(Scalar scalar, Scalar alpha) => Aten.add___Tensor.Tensor(this, scalar, alpha);

        public Tensor sub(Tensor target) => Aten.sub__Tensor.Tensor(this, target);
        public Tensor sub(Scalar target) => Aten.sub__Tensor.Tensor(this, target);
        public Tensor sub_(Tensor target) => Aten.sub___Tensor.Tensor(this, target);
        public Tensor sub_(Scalar target) => Aten.sub___Tensor.Tensor(this, target);
        public Tensor subtract(Tensor target) => sub(target);
        public Tensor subtract(Scalar target) => sub(target);
        public Tensor subtract_(Tensor target) => sub_(target);
        public Tensor subtract_(Scalar target) => sub_(target);

        public Tensor mul(Tensor target) => Aten.mul__Tensor.Tensor(this, target);
        public Tensor mul(Scalar target) => Aten.mul__Tensor.Tensor(this, target);
        public Tensor mul_(Tensor target) => Aten.mul___Tensor.Tensor(this, target);
        public Tensor mul_(Scalar target) => Aten.mul___Tensor.Tensor(this, target);
        public Tensor multiply(Tensor target) => mul(target);
        public Tensor multiply(Scalar target) => mul(target);

        public Tensor div(Tensor target, RoundingMode rounding_mode = RoundingMode.None) => rounding_mode == RoundingMode.None
            ? Aten.div__Tensor.Tensor(this, target) : Aten.div__Tensor_mode.Tensor(this, target, rounding_mode.ToString());

        public Tensor div(Scalar target, RoundingMode rounding_mode = RoundingMode.None) => rounding_mode == RoundingMode.None
            ? Aten.div__Tensor.Tensor(this, target) : Aten.div__Scalar_mode.Tensor(this, target, rounding_mode.ToString());

        public Tensor div_(Tensor target, RoundingMode rounding_mode = RoundingMode.None) => rounding_mode == RoundingMode.None
            ? Aten.div___Tensor.Tensor(this, target) : Aten.div___Tensor_mode.Tensor(this, target, rounding_mode.ToString());

        public Tensor div_(Scalar target, RoundingMode rounding_mode = RoundingMode.None) => rounding_mode == RoundingMode.None
            ? Aten.div___Tensor.Tensor(this, target) : Aten.div___Scalar_mode.Tensor(this, target, rounding_mode.ToString());

        public Tensor divide(Tensor target, RoundingMode rounding_mode = RoundingMode.None) => div(target, rounding_mode);
        public Tensor divide(Scalar target, RoundingMode rounding_mode = RoundingMode.None) => div(target, rounding_mode);
        public Tensor true_divide(Tensor other) => div(other);
        public Tensor true_divide(Scalar other) => div(other);
        public Tensor floor_divide(Tensor other) => Aten.floor_divide.Tensor(this, other);
        public Tensor floor_divide(Scalar other) => Aten.floor_divide__Scalar.Tensor(this, other);
        public Tensor remainder(Tensor target) => Aten.remainder__Tensor.Tensor(this, target);
        public Tensor remainder(Scalar scalar) => Aten.remainder__Scalar.Tensor(this, scalar);
        public Tensor remainder_(Scalar scalar) => Aten.remainder___Scalar.Tensor(this, scalar);
        public Tensor fmod(Tensor target) => Aten.fmod__Tensor.Tensor(this, target);
        public Tensor fmod(Scalar scalar) => Aten.fmod__Scalar.Tensor(this, scalar);

        public Tensor pow(Tensor exponent) => Aten.pow__Tensor_Tensor.Tensor(this, exponent);
        public Tensor pow(Scalar exponent) => Aten.pow__Tensor_Scalar.Tensor(this, exponent);
        public Tensor pow_(Tensor exponent) => Aten.pow___Tensor.Tensor(this, exponent);
        public Tensor pow_(Scalar exponent) => Aten.pow___Scalar.Tensor(this, exponent);
        public Tensor square() => pow(2);

        /// <summary>this + value · tensor1 · tensor2.</summary>
        public Tensor addcmul(Tensor tensor1, Tensor tensor2, Scalar value) => Aten.addcmul.Tensor(this, tensor1, tensor2, value);
        public Tensor addcmul_(Tensor tensor1, Tensor tensor2, Scalar value) => Aten.addcmul_.Tensor(this, tensor1, tensor2, value);

        /// <summary>this + value · tensor1 / tensor2.</summary>
        public Tensor addcdiv(Tensor tensor1, Tensor tensor2, Scalar value) => Aten.addcdiv.Tensor(this, tensor1, tensor2, value);
        public Tensor addcdiv(Tensor tensor1, Tensor tensor2) => Aten.addcdiv.Tensor(this, tensor1, tensor2);
        public Tensor addcdiv_(Tensor tensor1, Tensor tensor2, Scalar value) => Aten.addcdiv_.Tensor(this, tensor1, tensor2, value);
        public Tensor addcdiv_(Tensor tensor1, Tensor tensor2) => Aten.addcdiv_.Tensor(this, tensor1, tensor2);

        /// <summary>this + weight · (end − this).</summary>
        public Tensor lerp(Tensor end, Tensor weight) => Aten.lerp__Tensor.Tensor(this, end, weight);
        public Tensor lerp_(Tensor end, Tensor weight) => Aten.lerp___Tensor.Tensor(this, end, weight);

        public Tensor maximum(Tensor other) => Aten.maximum.Tensor(this, other);
        public Tensor minimum(Tensor other) => Aten.minimum.Tensor(this, other);
        public Tensor max(Tensor other) => maximum(other);
        public Tensor min(Tensor other) => minimum(other);

        public Tensor clamp(Scalar? min = null, Scalar? max = null) => Aten.clamp.Tensor(this, min, max);
        public Tensor clamp(Tensor? min = null, Tensor? max = null) => Aten.clamp__Tensor.Tensor(this, min, max);
        public Tensor clamp_(Scalar? min = null, Scalar? max = null) => Aten.clamp_.Tensor(this, min, max);
        public Tensor clamp_(Tensor? min = null, Tensor? max = null) => Aten.clamp___Tensor.Tensor(this, min, max);
        public Tensor clip(Scalar? min = null, Scalar? max = null) => clamp(min, max);
        public Tensor clamp_max(Scalar max) => Aten.clamp_max.Tensor(this, max);
        public Tensor clamp_max_(Scalar max) => Aten.clamp_max_.Tensor(this, max);
        public Tensor clamp_min(Scalar min) => Aten.clamp_min.Tensor(this, min);
        public Tensor clamp_min_(Scalar min) => Aten.clamp_min_.Tensor(this, min);

        public Tensor atan2(Tensor other) => Aten.atan2.Tensor(this, other);
        public Tensor hypot(Tensor other) => Aten.hypot.Tensor(this, other);
        public Tensor xlogy(Tensor y) => Aten.xlogy__Tensor.Tensor(this, y);
        public Tensor logaddexp(Tensor other) => Aten.logaddexp.Tensor(this, other);
        public Tensor nan_to_num(double nan = 0d, double? posinf = null, double? neginf = null) => Aten.nan_to_num.Tensor(this, nan, posinf, neginf);

        /// <summary>Rounds half to even.</summary>
        public Tensor round(long decimals = 0L) => Aten.round__decimals.Tensor(this, decimals);

        public Tensor bitwise_and(Tensor other) => Aten.bitwise_and__Tensor.Tensor(this, other);
        public Tensor bitwise_or(Tensor other) => Aten.bitwise_or__Tensor.Tensor(this, other);
        public Tensor bitwise_xor(Tensor other) => Aten.bitwise_xor__Tensor.Tensor(this, other);
        public Tensor bitwise_not() => Aten.bitwise_not.Tensor(this);

        /// <summary>Fills the whole tensor in place.</summary>
        public Tensor fill_(Scalar value) => Aten.fill___Scalar.Tensor(this, value);
        public Tensor zero_() => Aten.zero_.Tensor(this);
        public Tensor copy_(Tensor source, bool nonBlocking = false) => Aten.copy_.Tensor(this, source, nonBlocking);
        public Tensor set_(Tensor source) => Aten.set___source_Tensor.Tensor(this, source);
    }
}
