// libfuse's low-level API at the version that this code is written for: the one place that includes it.
#pragma once

#define FUSE_USE_VERSION 314
#include <fuse_lowlevel.h>
