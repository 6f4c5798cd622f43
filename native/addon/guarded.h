// Errors of C++ as errors of JavaScript.
#pragma once
#include <napi.h>

#include <exception>
#include <new>
#include <string>

#include "../runner/mapping.h"

namespace hf2gguf {

/** `code` of the errors that are no programming mistakes; src/quantize/native.ts and src/runner/engine.ts read them. */
constexpr const char *FILE_ERROR = "FILE", *MEMORY_ERROR = "MEMORY", *DESCRIPTOR_ERROR = "DESCRIPTORS";

/** The code of the exception that is being handled; null for a programming mistake. */
inline const char* currentCode() {
  try {
    throw;
  } catch (const FileError&) {
    return FILE_ERROR;
  } catch (const DescriptorError&) {
    return DESCRIPTOR_ERROR;
  } catch (const std::bad_alloc&) {
    return MEMORY_ERROR;
  } catch (...) {
    return nullptr;
  }
}

inline Napi::Error errorOf(Napi::Env env, const std::string& message, const char* code) {
  Napi::Error error = Napi::Error::New(env, message);
  if (code) error.Set("code", code);
  return error;
}

/** Calls `body`; an exception that it throws becomes an error of JavaScript, with a code. */
template <class Body>
auto guarded(Napi::Env env, Body body) {
  try {
    return body();
  } catch (const Napi::Error&) {
    throw;
  } catch (const std::exception& error) {
    throw errorOf(env, error.what(), currentCode());
  }
}

/** A function for JavaScript out of which no exception of C++ gets. */
template <auto function>
Napi::Function guardedFunction(Napi::Env env) {
  return Napi::Function::New(env, [](const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&] { return function(info); });
  });
}

}  // namespace hf2gguf
