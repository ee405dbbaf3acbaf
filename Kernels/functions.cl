// Functions of real numbers by range reduction and short polynomials: the same steps as on the CPU, so that results are
// the same on every device with a fused multiply-add. Polynomials: Moshier 1992, *Cephes Mathematical Library* (exp, log,
// tanh, sin, cos); Abramowitz, Stegun 1964, formula 7.1.26 (erf); Giles 2010, *Approximating the erfinv function*.

#define ROUNDING 12582912.0f  // 1.5 * 2^23: added to a number below 2^22, it rounds to a whole one

// e to the power x = n ln 2 + r, with 2^n in two factors so that results at the ends of the range do not vanish early.
static inline float exponential(float x) {
  const float low = x < -104.0f ? -104.0f : x;
  const float inside = low > 89.0f ? 89.0f : low;
  const float shifted = fma(inside, 1.44269504f, ROUNDING);
  const float n = shifted - ROUNDING;
  float r = fma(n, -0.693145752f, inside);
  r = fma(n, -1.42860677e-6f, r);
  float p = 1.98756915e-4f;
  p = fma(p, r, 1.39819995e-3f);
  p = fma(p, r, 8.33345205e-3f);
  p = fma(p, r, 4.16657962e-2f);
  p = fma(p, r, 1.66666657e-1f);
  p = fma(p, r, 0.5f);
  const float q = fma(p, r * r, r + 1.0f);
  const int whole = as_int(shifted) - 0x4B400000;
  const int half1 = whole >> 1;
  const int half2 = whole - half1;
  return q * as_float((half1 + 127) << 23) * as_float((half2 + 127) << 23);
}

// The natural logarithm: -infinity at 0, NaN below.
static inline float logarithm(float value) {
  const int small = value < 0x1p-126f;
  const float x = small ? value * 8388608.0f : value;
  const int offset = as_int(x) - 0x3F3504F3;  // x = m 2^e with m from sqrt(1/2) to sqrt(2)
  const int exponent = offset >> 23;
  const float f = as_float(as_int(x) - (int)((uint)exponent << 23)) - 1.0f;
  const float e = (float)exponent - (small ? 23.0f : 0.0f);
  float p = 7.0376836292e-2f;
  p = fma(p, f, -1.1514610310e-1f);
  p = fma(p, f, 1.1676998740e-1f);
  p = fma(p, f, -1.2420140846e-1f);
  p = fma(p, f, 1.4249322787e-1f);
  p = fma(p, f, -1.6668057665e-1f);
  p = fma(p, f, 2.0000714765e-1f);
  p = fma(p, f, -2.4999993993e-1f);
  p = fma(p, f, 3.3333331174e-1f);
  const float z = f * f;
  float y = p * f * z;
  y = fma(e, -2.12194440e-4f, y);
  y = fma(z, -0.5f, y);
  float result = fma(e, 0.693359375f, f + y);
  result = value == 0.0f ? -INFINITY : result;
  result = value < 0.0f ? NAN : result;
  return value < INFINITY ? result : value;
}

static inline float sigmoid(float x) { return 1.0f / (1.0f + exponential(-x)); }

// An odd polynomial below 0.625, (1 - e) / (1 + e) with e = exp(-2|x|) above.
static inline float hyperbolicTangent(float x) {
  const float e = exponential(fabs(x) * -2.0f);
  const float large = copysign((1.0f - e) / (1.0f + e), x);
  const float z = x * x;
  float p = -5.70498872745e-3f;
  p = fma(p, z, 2.06390887954e-2f);
  p = fma(p, z, -5.37397155531e-2f);
  p = fma(p, z, 1.33314422036e-1f);
  p = fma(p, z, -3.33332819422e-1f);
  return z < 0.390625f ? fma(p * z, x, x) : large;
}

// The power series below 1, and 1 - exp(-x^2) times a polynomial above.
static inline float errorFunction(float x) {
  const float z = x * x;
  float p = 1.480719282e-08f;
  p = fma(p, z, -1.636584469e-07f);
  p = fma(p, z, 1.646211437e-06f);
  p = fma(p, z, -1.492565036e-05f);
  p = fma(p, z, 1.205533298e-04f);
  p = fma(p, z, -8.548327023e-04f);
  p = fma(p, z, 5.223977625e-03f);
  p = fma(p, z, -2.686617065e-02f);
  p = fma(p, z, 1.128379167e-01f);
  p = fma(p, z, -3.761263890e-01f);
  p = fma(p, z, 1.128379167e+00f);
  const float a = fabs(x);
  const float t = 1.0f / fma(a, 0.3275911f, 1.0f);
  float q = 1.061405429f;
  q = fma(q, t, -1.453152027f);
  q = fma(q, t, 1.421413741f);
  q = fma(q, t, -0.284496736f);
  q = fma(q, t, 0.254829592f);
  return a < 1.0f ? p * x : copysign(1.0f - q * t * exponential(-z), x);
}

// The sine (quarters 0) or cosine (quarters 1) of x, for |x| up to 8192.
static inline float sineOfSmall(float x, int quarters) {
  const float t = fma(x, 0.636619772f, ROUNDING);
  const float n = t - ROUNDING;
  float r = fma(n, -1.5703125f, x);
  r = fma(n, -4.837512969970703125e-4f, r);
  r = fma(n, -7.54978995489188216e-8f, r);
  const float z = r * r;
  float s = -1.9515295891e-4f;
  s = fma(s, z, 8.3321608736e-3f);
  s = fma(s, z, -1.6666654611e-1f);
  const float sine = fma(s * z, r, r);
  float c = 2.443315711809948e-5f;
  c = fma(c, z, -1.388731625493765e-3f);
  c = fma(c, z, 4.166664568298827e-2f);
  const float cosine = fma(c * z, z, fma(z, -0.5f, 1.0f));
  const int quadrant = as_int(t) + quarters;
  const float core = (quadrant & 1) ? cosine : sine;
  return (quadrant & 2) ? -core : core;
}

// The number below which a standard normal variable lies with probability (1 + x) / 2, for |x| at most 0.99.
static inline float inverseNormal(float x) {
  const float w = -logarithm((1.0f - x) * (1.0f + x)) - 2.5f;
  float p = 2.81022636e-08f;
  p = fma(p, w, 3.43273939e-07f);
  p = fma(p, w, -3.5233877e-06f);
  p = fma(p, w, -4.39150654e-06f);
  p = fma(p, w, 0.00021858087f);
  p = fma(p, w, -0.00125372503f);
  p = fma(p, w, -0.00417768164f);
  p = fma(p, w, 0.246640727f);
  p = fma(p, w, 1.50140941f);
  return p * x * 1.41421356f;
}

// The minimum and the maximum, NaN where either is NaN.
static inline float strictMinimum(float a, float b) { return a < b || a != a ? a : b; }
static inline float strictMaximum(float a, float b) { return a > b || a != a ? a : b; }

// Toward zero, the nearest end of the range beyond it, 0 for NaN.
static inline int truncated(float x) {
  return x != x ? 0 : x >= 2147483648.0f ? INT_MAX : x <= -2147483648.0f ? INT_MIN : (int)x;
}
