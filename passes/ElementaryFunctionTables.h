// The constants of ElementaryFunctions.cpp: range reductions and minimax polynomials, the latter as
// tools/fit-polynomials prints them.
#pragma once
#include "llvm/ADT/ArrayRef.h"
#include <cstdint>

namespace mlir::nn {

/// Polynomials are written from the highest power down.
struct FloatFormat {
  int64_t mantissaBits, exponentBias;
  /// 1.5 · 2^mantissaBits: adding it rounds to an integer, which then stands in the low bits.
  double roundingMagic;
  double smallestNormal;
  /// ln 2 = ln2High + ln2Low.
  double ln2High, ln2Low;
  /// e^x is infinite above, 0 below; e^x - 1 is -1 below.
  double expMax, expMin, expM1Min;
  /// tanh changes from a polynomial to exponentials; is 1 above.
  double tanhSplit, tanhMax;
  /// log takes its argument's mantissa from [sqrt ½, sqrt 2).
  double rootHalf;
  /// erf changes from one polynomial to the other; is 1 above.
  double erfSplit, erfMax;
  /// erfc changes from erf's polynomial to its own, in 1 / (1 + x / erfcPole); is 0 above.
  double erfcSplit, erfcPole, erfcMax;
  /// e^x = 1 + x + x² p(x) for |x| <= ln 2 / 2.
  llvm::ArrayRef<double> expTail;
  /// log(1 + f) = f - f²/2 + f³ p(f) for sqrt ½ <= 1 + f <= sqrt 2.
  llvm::ArrayRef<double> logTail;
  /// tanh(x) = x + x³ p(x²) for |x| <= tanhSplit.
  llvm::ArrayRef<double> tanhNear;
  /// erf(x) = x + x p(x²) for |x| <= erfSplit.
  llvm::ArrayRef<double> erfNear;
  /// erf(x) = 1 - e^-p(x) for erfSplit <= x <= erfMax.
  llvm::ArrayRef<double> erfFar;
  /// erfc(x) = e^-x² t p(t - 1/2) with t = 1 / (1 + x / erfcPole) for erfcSplit <= x <= erfcMax.
  llvm::ArrayRef<double> erfcFar;
};

inline constexpr double f32ExpTail[] = {0x1.6a5fd8p-10, 0x1.123ac8p-7, 0x1.5558ap-5, 0x1.55549p-3, 0x1.fffffcp-2};
inline constexpr double f32LogTail[] = {0x1.13c32ap-4,  -0x1.dd9b92p-4, 0x1.e6dc56p-4,  -0x1.fc3dd4p-4, 0x1.233afap-3,
                                        -0x1.555b8ep-3, 0x1.99a478p-3,  -0x1.000008p-2, 0x1.555548p-2};
inline constexpr double f32TanhNear[] = {-0x1.94a934p-8, 0x1.581e7ep-6, -0x1.b906eap-5, 0x1.110c62p-3, -0x1.555548p-2};
inline constexpr double f32ErfNear[] = {-0x1.3a4448p-11, 0x1.4748f8p-8,  -0x1.b68e3cp-6,
                                        0x1.ce1ab2p-4,   -0x1.8126e8p-2, 0x1.06eba6p-3};
inline constexpr double f32ErfFar[] = {-0x1.9a86c8p-13, 0x1.8ea4ap-9,  -0x1.6c0bd6p-6, 0x1.a9a42p-4,
                                       0x1.463f1p-1,    0x1.20aea8p+0, 0x1.9fcaaep-13};
inline constexpr double f32ErfcFar[] = {-0x1.f46a1cp-5, 0x1.9f4f5p-5,  0x1.895852p-4, -0x1.a7a34cp-4, -0x1.6021a2p-3,
                                        0x1.2a854p-3,   0x1.1e2d92p-1, 0x1.5fd388p-1, 0x1.058672p-1};

inline constexpr double f64ExpTail[] = {
    0x1.adaf328adc9e8p-26, 0x1.28ae2aea56ef1p-22, 0x1.71df06532b0aap-19, 0x1.a0199935de958p-16, 0x1.a01a0138ca78fp-13,
    0x1.6c16c184824f5p-10, 0x1.1111111124ebdp-7,  0x1.555555555069fp-5,  0x1.5555555555506p-3,  0x1.000000000000ap-1};
inline constexpr double f64LogTail[] = {
    0x1.ac3a18eb99d01p-6,  -0x1.e9e3b748fa0b6p-5, 0x1.0a619738f93f1p-4,  -0x1.d12b42b4c7969p-5, 0x1.d05d32e3e9b49p-5,
    -0x1.fba02b0663f5fp-5, 0x1.11ccba175779ep-4,  -0x1.24d75d701c71ep-4, 0x1.3b0b8f97fcab5p-4,  -0x1.5550edd9baedcp-4,
    0x1.745d3ec6b2f44p-4,  -0x1.9999c26ef2f2bp-4, 0x1.c71c71e2a53dap-4,  -0x1.ffffff2be8911p-4, 0x1.249249229e8dbp-3,
    -0x1.555555566b4a8p-3, 0x1.999999999f7fdp-3,  -0x1.fffffffffef12p-3, 0x1.5555555555533p-2};
inline constexpr double f64TanhNear[] = {-0x1.3cd5c4a0e0586p-16, 0x1.594e84f31e4f7p-14,  -0x1.e7fd0db2867c6p-13,
                                         0x1.345f3beb0b6d9p-11,  -0x1.7d8b652c05ff4p-10, 0x1.d6d243730d277p-9,
                                         -0x1.226e2ce5aa589p-7,  0x1.664f48485e724p-6,   -0x1.ba1ba1b9310d2p-5,
                                         0x1.1111111110255p-3,   -0x1.555555555554bp-2};
inline constexpr double f64ErfNear[] = {-0x1.a98365f822415p-31, 0x1.d654767bc332cp-27,  -0x1.5be849aeb229cp-23,
                                        0x1.b97a5e766d32ep-20,  -0x1.f4c9b2a7ada9dp-17, 0x1.f9a2af8676c2p-14,
                                        -0x1.c02dafb838602p-11, 0x1.565bccf52f9e3p-8,   -0x1.b82ce311d61c6p-6,
                                        0x1.ce2f21a0401ecp-4,   -0x1.812746b0379a6p-2,  0x1.06eba8214db68p-3};
inline constexpr double f64ErfFar[] = {0x1.5acab120e37e5p-38,  -0x1.c1a7bc26677e4p-33, 0x1.0e56c61645856p-28,
                                       -0x1.8ebd4cbfbc619p-25, 0x1.90cd3bfa7e04cp-22,  -0x1.1ea001b09a0fcp-19,
                                       0x1.22cca73bdca9cp-17,  -0x1.7edc5f5417945p-16, 0x1.53ebcaf564827p-16,
                                       0x1.1b3eff0bf80b1p-13,  -0x1.940c913fae66cp-11, 0x1.f6426df674515p-10,
                                       -0x1.ae999e76cb9d6p-12, -0x1.3722819e381d6p-6,  0x1.a4ac59e86e089p-4,
                                       0x1.45f62774b80bbp-1,   0x1.20dd1fd0155ccp+0,   0x1.0e049ad7394e8p-21};
inline constexpr double f64ErfcFar[] = {
    -0x1.29ef74c92e88cp-8, -0x1.3af5f39c8b928p-15, 0x1.212f5efeb7428p-7, 0x1.3bbe78efe2381p-9,  -0x1.ce819ce4dcae9p-7,
    -0x1.7dada164b4d0cp-7, 0x1.3bcd0ba6b6be7p-6,   0x1.3c68efe814103p-5, -0x1.e893375de52a4p-9, -0x1.72cd6822a7d82p-4,
    -0x1.dd27ea032f62dp-4, 0x1.269b4be450494p-5,   0x1.908f463612cf7p-2, 0x1.b00c052eecaacp-1,  0x1.38dbd2ca4871dp+0,
    0x1.645fd8a4b77e3p+0,  0x1.52cac2370bca4p+0,   0x1.14eacb1ad0393p+0, 0x1.8be202d26c7aap-1,  0x1.f3fe31ecb49bfp-2,
    0x1.18932bf08e154p-2};

/// log(1 + f) = 2 s + s³ p(s²) with s = f / (2 + f), in f64.
inline constexpr double logRatioTail[] = {0x1.11054ba14759dp-3, 0x1.0f2986f7f9484p-3, 0x1.3b233d7e6a68dp-3,
                                          0x1.745ccce17655dp-3, 0x1.c71c729a6d264p-3, 0x1.24924923e7518p-2,
                                          0x1.999999999a25dp-2, 0x1.5555555555554p-1};

/// sin(x) = x + x³ p(x²) and cos(x) = 1 - x²/2 + x⁴ p(x²) for |x| <= π/4, in f64.
inline constexpr double sinTail[] = {0x1.5d93131bf15bcp-33,  -0x1.ae5e66e2aca14p-26, 0x1.71de35793c4a4p-19,
                                     -0x1.a01a019c14701p-13, 0x1.111111110f89ep-7,   -0x1.5555555555549p-3};
inline constexpr double cosTail[] = {-0x1.8fb0b8365890fp-37, 0x1.1ee9f08c2575cp-29,  -0x1.27e4f811cc588p-22,
                                     0x1.a01a019cbe7a7p-16,  -0x1.6c16c16c1521ap-10, 0x1.555555555554cp-5};

inline const FloatFormat f32Format = {.mantissaBits = 23,
                                      .exponentBias = 127,
                                      .roundingMagic = 0x1.8p23,
                                      .smallestNormal = 0x1p-126,
                                      .ln2High = 0x1.63p-1,
                                      .ln2Low = -0x1.bd0105c610ca8p-13,
                                      .expMax = 89.0,
                                      .expMin = -104.0,
                                      .expM1Min = -20.0,
                                      .tanhSplit = 0.5625,
                                      .tanhMax = 10.0,
                                      .rootHalf = 0x1.6a09e6p-1,
                                      .erfSplit = 0.921875,
                                      .erfMax = 3.95,
                                      .erfcSplit = 0.5,
                                      .erfcPole = 2.0,
                                      .erfcMax = 10.1,
                                      .expTail = f32ExpTail,
                                      .logTail = f32LogTail,
                                      .tanhNear = f32TanhNear,
                                      .erfNear = f32ErfNear,
                                      .erfFar = f32ErfFar,
                                      .erfcFar = f32ErfcFar};
inline const FloatFormat f64Format = {.mantissaBits = 52,
                                      .exponentBias = 1023,
                                      .roundingMagic = 0x1.8p52,
                                      .smallestNormal = 0x1p-1022,
                                      .ln2High = 0x1.62e42feep-1,
                                      .ln2Low = 0x1.a39ef35793c76p-33,
                                      .expMax = 710.0,
                                      .expMin = -746.0,
                                      .expM1Min = -40.0,
                                      .tanhSplit = 0.5625,
                                      .tanhMax = 20.0,
                                      .rootHalf = 0x1.6a09e667f3bcdp-1,
                                      .erfSplit = 1.0,
                                      .erfMax = 5.95,
                                      .erfcSplit = 0.5,
                                      .erfcPole = 4.0,
                                      .erfcMax = 27.3,
                                      .expTail = f64ExpTail,
                                      .logTail = f64LogTail,
                                      .tanhNear = f64TanhNear,
                                      .erfNear = f64ErfNear,
                                      .erfFar = f64ErfFar,
                                      .erfcFar = f64ErfcFar};

} // namespace mlir::nn
