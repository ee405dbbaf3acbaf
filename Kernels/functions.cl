// Functions of real numbers by range reduction and short polynomials: the same steps as on the CPU, so that results are
// the same on every device with a fused multiply-add. Polynomials: Moshier 1992, *Cephes Mathematical Library* (exp, log,
// tanh, sin, cos); Abramowitz, Stegun 1964, formula 7.1.26 (erf); Giles 2010, *Approximating the erfinv function*.

//
// They take LANES numbers at once, one where a program does not define that.
#ifndef LANES
#define LANES 1
#endif
#define REAL CAT(float, LANES)
#define WHOLE CAT(int, LANES)
#define AS_REAL(v) CAT(as_, REAL)(v)
#define AS_WHOLE(v) CAT(as_, WHOLE)(v)
#define TO_REAL(v) CAT(convert_, REAL)(v)
typedef REAL real;
typedef WHOLE whole;

// Numbers become vectors where they are handed over; a vector knows no condition ? yes : no.
static inline real fused(real a, real b, real c) { return fma(a, b, c); }
static inline real either(whole condition, real yes, real no) { return select(no, yes, condition); }

#define ROUNDING 12582912.0f  // 1.5 * 2^23: added to a number below 2^22, it rounds to a whole one

// e to the power x = n ln 2 + r, with 2^n in two factors so that results at the ends of the range do not vanish early.
static inline real exponential(real x) {
  const real low = either(x < -104.0f, -104.0f, x);
  const real inside = either(low > 89.0f, 89.0f, low);
  const real shifted = fused(inside, 1.44269504f, ROUNDING);
  const real n = shifted - ROUNDING;
  real r = fused(n, -0.693145752f, inside);
  r = fused(n, -1.42860677e-6f, r);
  real p = 1.98756915e-4f;
  p = fused(p, r, 1.39819995e-3f);
  p = fused(p, r, 8.33345205e-3f);
  p = fused(p, r, 4.16657962e-2f);
  p = fused(p, r, 1.66666657e-1f);
  p = fused(p, r, 0.5f);
  const real q = fused(p, r * r, r + 1.0f);
  const whole power = AS_WHOLE(shifted) - 0x4B400000;
  const whole half1 = power >> 1;
  const whole half2 = power - half1;
  return q * AS_REAL((half1 + 127) << 23) * AS_REAL((half2 + 127) << 23);
}

// The natural logarithm: -infinity at 0, NaN below.
static inline real logarithm(real value) {
  const whole small = value < 0x1p-126f;
  const real x = either(small, value * 8388608.0f, value);
  const whole offset = AS_WHOLE(x) - 0x3F3504F3;  // x = m 2^e with m from sqrt(1/2) to sqrt(2)
  const whole exponent = offset >> 23;
  const real f = AS_REAL(AS_WHOLE(x) - (exponent << 23)) - 1.0f;
  const real e = TO_REAL(exponent) - either(small, 23.0f, 0.0f);
  real p = 7.0376836292e-2f;
  p = fused(p, f, -1.1514610310e-1f);
  p = fused(p, f, 1.1676998740e-1f);
  p = fused(p, f, -1.2420140846e-1f);
  p = fused(p, f, 1.4249322787e-1f);
  p = fused(p, f, -1.6668057665e-1f);
  p = fused(p, f, 2.0000714765e-1f);
  p = fused(p, f, -2.4999993993e-1f);
  p = fused(p, f, 3.3333331174e-1f);
  const real z = f * f;
  real y = p * f * z;
  y = fused(e, -2.12194440e-4f, y);
  y = fused(z, -0.5f, y);
  real result = fused(e, 0.693359375f, f + y);
  result = either(value == 0.0f, -INFINITY, result);
  result = either(value < 0.0f, NAN, result);
  return either(value < INFINITY, result, value);
}

static inline real sigmoid(real x) { return 1.0f / (1.0f + exponential(-x)); }

// An odd polynomial below 0.625, (1 - e) / (1 + e) with e = exp(-2|x|) above.
static inline real hyperbolicTangent(real x) {
  const real e = exponential(fabs(x) * -2.0f);
  const real large = copysign((1.0f - e) / (1.0f + e), x);
  const real z = x * x;
  real p = -5.70498872745e-3f;
  p = fused(p, z, 2.06390887954e-2f);
  p = fused(p, z, -5.37397155531e-2f);
  p = fused(p, z, 1.33314422036e-1f);
  p = fused(p, z, -3.33332819422e-1f);
  return either(z < 0.390625f, fused(p * z, x, x), large);
}

// The power series below 1, and 1 - exp(-x^2) times a polynomial above.
static inline real errorFunction(real x) {
  const real z = x * x;
  real p = 1.480719282e-08f;
  p = fused(p, z, -1.636584469e-07f);
  p = fused(p, z, 1.646211437e-06f);
  p = fused(p, z, -1.492565036e-05f);
  p = fused(p, z, 1.205533298e-04f);
  p = fused(p, z, -8.548327023e-04f);
  p = fused(p, z, 5.223977625e-03f);
  p = fused(p, z, -2.686617065e-02f);
  p = fused(p, z, 1.128379167e-01f);
  p = fused(p, z, -3.761263890e-01f);
  p = fused(p, z, 1.128379167e+00f);
  const real a = fabs(x);
  const real t = 1.0f / fused(a, 0.3275911f, 1.0f);
  real q = 1.061405429f;
  q = fused(q, t, -1.453152027f);
  q = fused(q, t, 1.421413741f);
  q = fused(q, t, -0.284496736f);
  q = fused(q, t, 0.254829592f);
  return either(a < 1.0f, p * x, copysign(1.0f - q * t * exponential(-z), x));
}

// The sine (quarters 0) or cosine (quarters 1) of x, for |x| up to 8192.
static inline real sineOfSmall(real x, int quarters) {
  const real t = fused(x, 0.636619772f, ROUNDING);
  const real n = t - ROUNDING;
  real r = fused(n, -1.5703125f, x);
  r = fused(n, -4.837512969970703125e-4f, r);
  r = fused(n, -7.54978995489188216e-8f, r);
  const real z = r * r;
  real s = -1.9515295891e-4f;
  s = fused(s, z, 8.3321608736e-3f);
  s = fused(s, z, -1.6666654611e-1f);
  const real sine = fused(s * z, r, r);
  real c = 2.443315711809948e-5f;
  c = fused(c, z, -1.388731625493765e-3f);
  c = fused(c, z, 4.166664568298827e-2f);
  const real cosine = fused(c * z, z, fused(z, -0.5f, 1.0f));
  const whole quadrant = AS_WHOLE(t) + quarters;
  const real core = either((quadrant & 1) != 0, cosine, sine);
  return either((quadrant & 2) != 0, -core, core);
}

// The number below which a standard normal variable lies with probability (1 + x) / 2, for |x| at most 0.99.
static inline real inverseNormal(real x) {
  const real w = -logarithm((1.0f - x) * (1.0f + x)) - 2.5f;
  real p = 2.81022636e-08f;
  p = fused(p, w, 3.43273939e-07f);
  p = fused(p, w, -3.5233877e-06f);
  p = fused(p, w, -4.39150654e-06f);
  p = fused(p, w, 0.00021858087f);
  p = fused(p, w, -0.00125372503f);
  p = fused(p, w, -0.00417768164f);
  p = fused(p, w, 0.246640727f);
  p = fused(p, w, 1.50140941f);
  return p * x * 1.41421356f;
}

// The minimum and the maximum, NaN where either is NaN.
static inline float strictMinimum(float a, float b) { return a < b || a != a ? a : b; }
static inline float strictMaximum(float a, float b) { return a > b || a != a ? a : b; }

// Toward zero, the nearest end of the range beyond it, 0 for NaN.
static inline int truncated(float x) {
  return x != x ? 0 : x >= 2147483648.0f ? INT_MAX : x <= -2147483648.0f ? INT_MIN : (int)x;
}
