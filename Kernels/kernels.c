// Every .cl file of this folder, embedded by the compiler.
#include "Kernels.h"

#include <string.h>

static const char prelude[] = {
#embed "prelude.cl"
    , 0};
static const char functions[] = {
#embed "functions.cl"
    , 0};
static const char elementwise[] = {
#embed "elementwise.cl"
    , 0};
static const char copy[] = {
#embed "copy.cl"
    , 0};
static const char reduction[] = {
#embed "reduction.cl"
    , 0};
static const char product[] = {
#embed "product.cl"
    , 0};
static const char gemm[] = {
#embed "gemm.cl"
    , 0};
static const char panels[] = {
#embed "panels.cl"
    , 0};
static const char dots[] = {
#embed "dots.cl"
    , 0};
static const char skinny[] = {
#embed "skinny.cl"
    , 0};
static const char planar[] = {
#embed "planar.cl"
    , 0};
static const char channelwise[] = {
#embed "channelwise.cl"
    , 0};
static const char frame[] = {
#embed "frame.cl"
    , 0};
static const char convolution[] = {
#embed "convolution.cl"
    , 0};
static const char pooling[] = {
#embed "pooling.cl"
    , 0};
static const char batchnormalization[] = {
#embed "batchnormalization.cl"
    , 0};
static const char softmax[] = {
#embed "softmax.cl"
    , 0};
static const char gather[] = {
#embed "gather.cl"
    , 0};
static const char resampling[] = {
#embed "resampling.cl"
    , 0};
static const char random_[] = {
#embed "random.cl"
    , 0};
static const char probe[] = {
#embed "probe.cl"
    , 0};

static const struct {
  const char *name, *text;
} files[] = {
    {"prelude", prelude},
    {"functions", functions},
    {"elementwise", elementwise},
    {"copy", copy},
    {"reduction", reduction},
    {"product", product},
    {"gemm", gemm},
    {"panels", panels},
    {"dots", dots},
    {"skinny", skinny},
    {"planar", planar},
    {"channelwise", channelwise},
    {"frame", frame},
    {"convolution", convolution},
    {"pooling", pooling},
    {"batchnormalization", batchnormalization},
    {"softmax", softmax},
    {"gather", gather},
    {"resampling", resampling},
    {"random", random_},
    {"probe", probe},
};

const char *martletKernelSource(const char *name) {
  for (unsigned i = 0; i < sizeof files / sizeof files[0]; i++)
    if (strcmp(files[i].name, name) == 0) return files[i].text;
  return 0;
}
