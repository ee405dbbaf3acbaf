// The operations of elementwise programs, one function each, by the names of their opcodes: f_ on float32, i_ on int32,
// which wraps around. The programs themselves are straight lines of calls, written by the host.

#define F static inline float
#define I static inline int

F f_identity(float a) { return a; }
F f_negate(float a) { return -a; }
F f_absolute(float a) { return fabs(a); }
F f_sign(float a) { return a > 0.0f ? 1.0f : a < 0.0f ? -1.0f : a; }
F f_floor(float a) { return floor(a); }
F f_ceil(float a) { return ceil(a); }
F f_round(float a) { return rint(a); }
F f_square(float a) { return a * a; }
F f_squareRoot(float a) { return sqrt(a); }
F f_reciprocal(float a) { return 1.0f / a; }
F f_exp(float a) { return exponential(a); }
F f_log(float a) { return logarithm(a); }
F f_sin(float a) { return sin(a); }
F f_cos(float a) { return cos(a); }
F f_tanh(float a) { return hyperbolicTangent(a); }
F f_sigmoid(float a) { return sigmoid(a); }
F f_erf(float a) { return errorFunction(a); }
F f_relu(float a) { return a < 0.0f ? 0.0f : a; }
F f_not(float a) { return a == 0.0f ? 1.0f : 0.0f; }
F f_add(float a, float b) { return a + b; }
F f_subtract(float a, float b) { return a - b; }
F f_multiply(float a, float b) { return a * b; }
F f_divide(float a, float b) { return a / b; }
F f_minimum(float a, float b) { return strictMinimum(a, b); }
F f_maximum(float a, float b) { return strictMaximum(a, b); }
// In double where the device has it, so that powers that are exact come out exact.
F f_power(float a, float b) { return (float)pow((wide)a, (wide)b); }
F f_remainder(float a, float b) {
  const float rest = fmod(a, b);
  return rest != 0.0f && (rest < 0.0f) != (b < 0.0f) ? rest + b : rest;
}
F f_equal(float a, float b) { return a == b ? 1.0f : 0.0f; }
F f_notEqual(float a, float b) { return a != b ? 1.0f : 0.0f; }
F f_less(float a, float b) { return a < b ? 1.0f : 0.0f; }
F f_lessOrEqual(float a, float b) { return a <= b ? 1.0f : 0.0f; }
F f_and(float a, float b) { return a != 0.0f && b != 0.0f ? 1.0f : 0.0f; }
F f_or(float a, float b) { return a != 0.0f || b != 0.0f ? 1.0f : 0.0f; }
F f_select(float a, float b, float c) { return a != 0.0f ? b : c; }
F f_multiplyAdd(float a, float b, float c) { return fma(a, b, c); }

I i_identity(int a) { return a; }
I i_negate(int a) { return (int)(0u - (uint)a); }
I i_absolute(int a) { return a < 0 ? i_negate(a) : a; }
I i_sign(int a) { return a > 0 ? 1 : a < 0 ? -1 : 0; }
I i_floor(int a) { return a; }
I i_ceil(int a) { return a; }
I i_round(int a) { return a; }
I i_square(int a) { return (int)((uint)a * (uint)a); }
I i_squareRoot(int a) { return truncated(sqrt((float)a)); }
I i_reciprocal(int a) { return truncated(1.0f / (float)a); }
I i_exp(int a) { return truncated(f_exp((float)a)); }
I i_log(int a) { return truncated(f_log((float)a)); }
I i_sin(int a) { return truncated(f_sin((float)a)); }
I i_cos(int a) { return truncated(f_cos((float)a)); }
I i_tanh(int a) { return truncated(f_tanh((float)a)); }
I i_sigmoid(int a) { return truncated(f_sigmoid((float)a)); }
I i_erf(int a) { return truncated(f_erf((float)a)); }
I i_relu(int a) { return a < 0 ? 0 : a; }
I i_not(int a) { return a == 0; }
I i_add(int a, int b) { return (int)((uint)a + (uint)b); }
I i_subtract(int a, int b) { return (int)((uint)a - (uint)b); }
I i_multiply(int a, int b) { return (int)((uint)a * (uint)b); }
I i_divide(int a, int b) { return b == 0 ? 0 : b == -1 ? i_negate(a) : a / b; }
I i_minimum(int a, int b) { return a < b ? a : b; }
I i_maximum(int a, int b) { return a > b ? a : b; }
// By repeated squaring; negative exponents truncate 1 / a^-b toward zero.
I i_power(int a, int b) {
  if (b < 0) return a == 1 ? 1 : a == -1 ? ((b & 1) ? -1 : 1) : 0;
  uint result = 1, factor = (uint)a;
  for (uint exponent = (uint)b; exponent > 0; exponent >>= 1) {
    if (exponent & 1) result *= factor;
    factor *= factor;
  }
  return (int)result;
}
I i_remainder(int a, int b) {
  if (b == 0 || b == -1) return 0;
  const int rest = a % b;
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}
I i_equal(int a, int b) { return a == b; }
I i_notEqual(int a, int b) { return a != b; }
I i_less(int a, int b) { return a < b; }
I i_lessOrEqual(int a, int b) { return a <= b; }
I i_and(int a, int b) { return a != 0 && b != 0; }
I i_or(int a, int b) { return (a | b) != 0; }
I i_select(int a, int b, int c) { return a != 0 ? b : c; }
I i_multiplyAdd(int a, int b, int c) { return i_add(i_multiply(a, b), c); }

// What is stored: whole numbers by truncation toward zero, within the range of their type; truth is being other than 0.
static inline uchar byteOf(int a) { return (uchar)(a < 0 ? 0 : a > 255 ? 255 : a); }

// Where element i of an output with up to five axes finds an input that is stretched over it.
typedef struct {
  int size[5], step[5];
} Steps;

static inline int walked(int i, const Steps s) {
  int place = 0;
  for (int axis = 4; axis >= 0; axis--) {
    const int quotient = i / s.size[axis];
    place += (i - quotient * s.size[axis]) * s.step[axis];
    i = quotient;
  }
  return place;
}
