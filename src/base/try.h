// Hands an error on to the caller in one line.
#pragma once

#include "cairn/result.h"

#define CAIRN_CONCAT_(a, b) a##b
#define CAIRN_CONCAT(a, b) CAIRN_CONCAT_(a, b)
#define CAIRN_TRY_IMPL_(tmp, decl, expr)   \
  auto tmp = (expr);                       \
  if (!tmp) return std::move(tmp).error(); \
  decl = *std::move(tmp)

// CAIRN_TRY(auto file, files.create(path));   assigns, or returns the error.
#define CAIRN_TRY(decl, expr) CAIRN_TRY_IMPL_(CAIRN_CONCAT(cairn_try_, __LINE__), decl, expr)

// CAIRN_CHECK(file.sync());                   continues, or returns the error.
#define CAIRN_CHECK(expr) \
  if (auto cairn_status = (expr); !cairn_status) return std::move(cairn_status).error()
