// Everything a C++ program needs.
#pragma once

#include "cairn/result.h"
#include "cairn/serializable.h"
#include "cairn/session.h"
#include "cairn/version.h"
