// The .cl files of this folder as text.
#pragma once

/// The text of a file, `gemm` for gemm.cl; null where there is none of this name.
const char *_Nullable martletKernelSource(const char *_Nonnull name);
