// The version of the library, and the visibility of what it exports.
#pragma once

#define CAIRN_VERSION_MAJOR 0
#define CAIRN_VERSION_MINOR 1
#define CAIRN_VERSION_PATCH 0
#define CAIRN_VERSION_STRING "0.1.0"

// Everything else in libcairn is hidden.
#define CAIRN_API __attribute__((visibility("default")))
