// The whole native side of light/torch: a C ABI over libtorch's operator dispatcher.
// A tensor handle is an owned c10::TensorImpl*. Every entry returns 0, or 1 with the message in slt_last_error().
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/ScalarOps.h>
#include <ATen/Version.h>
#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/grad_mode.h>
#include <ATen/core/ivalue.h>
#include <ATen/CPUGeneratorImpl.h>
#include <c10/core/DeviceGuard.h>
#include <c10/core/InferenceMode.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/functions/utils.h>
#include <torch/version.h>

#include <dlfcn.h>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>
#include <vector>

#define SLT_EXPORT extern "C" __attribute__((visibility("default")))

namespace {

using c10::IValue;
using c10::TensorImpl;
using TensorPointer = c10::intrusive_ptr<TensorImpl, c10::UndefinedTensorImpl>;

enum Kind : int32_t {
  kNone, kTensor, kInt, kDouble, kBool, kIntList, kDoubleList, kTensorList, kOptionalTensorList,
  kString, kDevice, kGenerator, kDefault, kBoolList,
};

struct Value {
  int32_t kind;
  int32_t count;  // list length, string length in bytes, or device type
  union { void* pointer; int64_t integer; double real; };
};
static_assert(sizeof(Value) == 16, "the managed side lays it out the same way");

struct Operator {
  c10::OperatorHandle handle;
  std::vector<c10::Argument> arguments;
  std::vector<c10::TypeKind> kinds;  // of the arguments, seen through Optional
};

thread_local std::string last_error;

int fail(const char* message) noexcept {
  try { last_error = message; } catch (...) {}
  return 1;
}

template <class Body>
int guarded(Body&& body) noexcept {
  try { body(); return 0; }
  catch (const c10::Error& e) { return fail(e.what_without_backtrace()); }
  catch (const std::exception& e) { return fail(e.what()); }
  catch (...) { return fail("unknown error in libtorch"); }
}

at::Tensor borrow(void* handle) {
  return handle == nullptr ? at::Tensor() : at::Tensor(TensorPointer::reclaim_copy(static_cast<TensorImpl*>(handle)));
}

void* give(at::Tensor tensor) { return tensor.defined() ? tensor.unsafeReleaseTensorImpl() : nullptr; }

std::vector<at::Tensor> borrow_all(void** handles, int count) {
  std::vector<at::Tensor> tensors;
  tensors.reserve(count);
  for (int i = 0; i < count; i++) tensors.push_back(borrow(handles[i]));
  return tensors;
}

template <class T>
c10::List<T> list_of(const Value& value) {
  c10::List<T> list;
  list.reserve(value.count);
  auto items = static_cast<const T*>(value.pointer);
  for (int i = 0; i < value.count; i++) list.push_back(items[i]);
  return list;
}

IValue to_ivalue(const Value& value) {
  switch (value.kind) {
    case kNone: return IValue();
    case kTensor: return IValue(borrow(value.pointer));
    case kInt: return IValue(value.integer);
    case kDouble: return IValue(value.real);
    case kBool: return IValue(value.integer != 0);
    case kIntList: return IValue(list_of<int64_t>(value));
    case kDoubleList: return IValue(list_of<double>(value));
    case kBoolList: {
      c10::List<bool> list;
      for (int i = 0; i < value.count; i++) list.push_back(static_cast<const uint8_t*>(value.pointer)[i] != 0);
      return IValue(std::move(list));
    }
    case kTensorList: {
      c10::List<at::Tensor> list;
      list.reserve(value.count);
      for (int i = 0; i < value.count; i++) list.push_back(borrow(static_cast<void**>(value.pointer)[i]));
      return IValue(std::move(list));
    }
    case kOptionalTensorList: {
      c10::impl::GenericList list(c10::OptionalType::ofTensor());
      for (int i = 0; i < value.count; i++) {
        void* handle = static_cast<void**>(value.pointer)[i];
        list.push_back(handle == nullptr ? IValue() : IValue(borrow(handle)));
      }
      return IValue(std::move(list));
    }
    case kString: return IValue(std::string(static_cast<const char*>(value.pointer), value.count));
    case kDevice: return IValue(c10::Device(static_cast<c10::DeviceType>(value.count), static_cast<c10::DeviceIndex>(value.integer)));
    case kGenerator: return IValue(*static_cast<at::Generator*>(value.pointer));
    default: TORCH_CHECK(false, "argument of unknown kind ", value.kind);
  }
}

// A number where an operator takes a tensor: it does not change the other operand's element type, as in Python.
at::Tensor wrapped_number(const Value& value) {
  auto tensor = c10::scalar_to_tensor(value.kind == kDouble ? c10::Scalar(value.real)
                                      : value.kind == kBool ? c10::Scalar(value.integer != 0) : c10::Scalar(value.integer));
  tensor.unsafeGetTensorImpl()->set_wrapped_number(true);
  return tensor;
}

Value from_ivalue(IValue&& result) {
  Value value{kNone, 0, {nullptr}};
  if (result.isTensor()) { value.kind = kTensor; value.pointer = give(std::move(result).toTensor()); }
  else if (result.isInt()) { value.kind = kInt; value.integer = result.toInt(); }
  else if (result.isDouble()) { value.kind = kDouble; value.real = result.toDouble(); }
  else if (result.isBool()) { value.kind = kBool; value.integer = result.toBool(); }
  else if (result.isTensorList()) {
    auto tensors = result.toTensorVector();
    auto handles = static_cast<void**>(std::malloc(sizeof(void*) * (tensors.size() + 1)));
    TORCH_CHECK(handles != nullptr, "out of memory");
    for (size_t i = 0; i < tensors.size(); i++) handles[i] = give(std::move(tensors[i]));
    value.kind = kTensorList;
    value.count = static_cast<int32_t>(tensors.size());
    value.pointer = handles;
  }
  else TORCH_CHECK(result.isNone(), "an operator returned a ", result.tagKind(), ", which this library does not carry over");
  return value;
}

void invoke(Operator& op, const Value* values, int count, std::vector<IValue>& stack) {
  auto& arguments = op.arguments;
  TORCH_CHECK(count <= static_cast<int>(arguments.size()), op.handle.operator_name(), " takes ", arguments.size(),
              " arguments, got ", count);
  stack.reserve(arguments.size());
  for (size_t i = 0; i < arguments.size(); i++) {
    if (static_cast<int>(i) < count && values[i].kind != kDefault) {
      auto number = values[i].kind == kInt || values[i].kind == kDouble || values[i].kind == kBool;
      if (number && op.kinds[i] == c10::TypeKind::TensorType) stack.emplace_back(wrapped_number(values[i]));
      else if (values[i].kind == kInt && op.kinds[i] == c10::TypeKind::FloatType) stack.emplace_back(static_cast<double>(values[i].integer));
      else stack.push_back(to_ivalue(values[i]));
    } else {
      TORCH_CHECK(arguments[i].default_value().has_value(), op.handle.operator_name(), " needs its argument '",
                  arguments[i].name(), "'");
      stack.push_back(*arguments[i].default_value());
    }
  }
  op.handle.callBoxed(&stack);
}

void* symbol_in(const char* library, const char* symbol) {
  void* loaded = dlopen(library, RTLD_LAZY | RTLD_NOLOAD);
  return loaded == nullptr ? nullptr : dlsym(loaded, symbol);
}

void* openblas_symbol(const char* symbol) {
  if (void* found = symbol_in("libopenblas.so.0", symbol)) return found;
  if (void* found = symbol_in("libblas.so.3", symbol)) return found;
  return dlsym(RTLD_DEFAULT, symbol);
}

at::Generator make_generator(bool is_default, uint64_t seed) {
  return is_default ? at::detail::getDefaultCPUGenerator() : at::detail::createCPUGenerator(seed);
}

}  // namespace

SLT_EXPORT const char* slt_last_error() { return last_error.c_str(); }

// Operators. A missing operator leaves *op null and is no error, so that a caller can fall back.
SLT_EXPORT int slt_operator(const char* name, const char* overload, void** op) {
  *op = nullptr;
  return guarded([&] {
    auto found = c10::Dispatcher::singleton().findSchema({name, overload});
    if (!found.has_value()) return;
    auto result = new Operator{*found, found->schema().arguments(), {}};
    for (auto& argument : result->arguments) {
      auto type = argument.type();
      auto optional = type->cast<c10::OptionalType>();
      if (optional) type = optional->getElementType();
      result->kinds.push_back(type->kind());
    }
    *op = result;
  });
}

SLT_EXPORT int slt_call(void* op, const Value* values, int count, Value* results, int capacity, int* produced) {
  return guarded([&] {
    std::vector<IValue> stack;
    invoke(*static_cast<Operator*>(op), values, count, stack);
    *produced = static_cast<int>(stack.size());
    for (int i = 0; i < *produced && i < capacity; i++) results[i] = from_ivalue(std::move(stack[i]));
  });
}

// The common case: one tensor comes back.
SLT_EXPORT int slt_call_tensor(void* op, const Value* values, int count, void** result) {
  return guarded([&] {
    std::vector<IValue> stack;
    invoke(*static_cast<Operator*>(op), values, count, stack);
    *result = give(std::move(stack.at(0)).toTensor());
  });
}

SLT_EXPORT void slt_free(void* memory) { std::free(memory); }

// Tensors.
SLT_EXPORT void slt_release(void* tensor) { if (tensor != nullptr) TensorPointer::reclaim(static_cast<TensorImpl*>(tensor)); }
SLT_EXPORT void* slt_alias(void* tensor) { return give(borrow(tensor)); }
SLT_EXPORT int64_t slt_dim(void* tensor) { return static_cast<TensorImpl*>(tensor)->dim(); }
SLT_EXPORT int64_t slt_numel(void* tensor) { return static_cast<TensorImpl*>(tensor)->numel(); }
SLT_EXPORT int64_t slt_itemsize(void* tensor) { return static_cast<int64_t>(static_cast<TensorImpl*>(tensor)->itemsize()); }
SLT_EXPORT int slt_scalar_type(void* tensor) { return static_cast<int>(c10::typeMetaToScalarType(static_cast<TensorImpl*>(tensor)->dtype())); }

SLT_EXPORT void slt_device(void* tensor, int* type, int* index) {
  auto device = static_cast<TensorImpl*>(tensor)->device();
  *type = static_cast<int>(device.type());
  *index = device.index();
}

SLT_EXPORT int slt_sizes(void* tensor, int64_t* sizes) {
  return guarded([&] { auto all = borrow(tensor).sizes(); std::copy(all.begin(), all.end(), sizes); });
}
SLT_EXPORT int slt_strides(void* tensor, int64_t* strides) {
  return guarded([&] { auto all = borrow(tensor).strides(); std::copy(all.begin(), all.end(), strides); });
}
SLT_EXPORT int slt_storage_offset(void* tensor, int64_t* offset) {
  return guarded([&] { *offset = borrow(tensor).storage_offset(); });
}
SLT_EXPORT int slt_is_contiguous(void* tensor, int* result) {
  return guarded([&] { *result = borrow(tensor).is_contiguous(); });
}
SLT_EXPORT int slt_data(void* tensor, void** data) { return guarded([&] { *data = borrow(tensor).data_ptr(); }); }

// Autograd.
SLT_EXPORT int slt_is_leaf(void* tensor, int* result) { return guarded([&] { *result = borrow(tensor).is_leaf(); }); }
SLT_EXPORT int slt_requires_grad(void* tensor, int* result) { return guarded([&] { *result = borrow(tensor).requires_grad(); }); }
SLT_EXPORT int slt_set_requires_grad(void* tensor, int value) {
  return guarded([&] {
    auto target = borrow(tensor);
    TORCH_CHECK(value != 0 || target.is_leaf(), "you can only change requires_grad flags of leaf variables. "
                "If you want to use a computed variable in a subgraph that doesn't require differentiation use "
                "var_no_grad = var.detach().");
    target.set_requires_grad(value != 0);
  });
}
SLT_EXPORT int slt_retain_grad(void* tensor) { return guarded([&] { borrow(tensor).retain_grad(); }); }
SLT_EXPORT int slt_grad(void* tensor, void** grad) { return guarded([&] { *grad = give(borrow(tensor).grad()); }); }
SLT_EXPORT int slt_set_grad(void* tensor, void* grad) { return guarded([&] { borrow(tensor).mutable_grad() = borrow(grad); }); }

SLT_EXPORT int slt_backward(void** tensors, int count, void** grads, int grad_count, int retain_graph, int create_graph,
                            void** inputs, int input_count) {
  return guarded([&] {
    torch::autograd::backward(borrow_all(tensors, count), borrow_all(grads, grad_count), retain_graph != 0, create_graph != 0,
                              borrow_all(inputs, input_count));
  });
}

SLT_EXPORT int slt_autograd_grad(void** outputs, int output_count, void** inputs, int input_count, void** grads, int grad_count,
                                 int retain_graph, int create_graph, int allow_unused, void** results) {
  return guarded([&] {
    auto computed = torch::autograd::grad(borrow_all(outputs, output_count), borrow_all(inputs, input_count),
                                          borrow_all(grads, grad_count), retain_graph != 0, create_graph != 0, allow_unused != 0);
    for (size_t i = 0; i < computed.size(); i++) results[i] = give(std::move(computed[i]));
  });
}

// A function whose backward is managed code. It runs on the thread that called backward when the tensors are on the CPU.
using ApplyBackward = int (*)(int64_t token, void* grad, void** results, int count);
using ReleaseFunction = void (*)(int64_t token);

namespace {

struct ManagedFunction final : torch::autograd::Node {
  ManagedFunction(int64_t token, ApplyBackward apply, ReleaseFunction release) : token(token), backward(apply), release(release) {}
  ~ManagedFunction() override { release(token); }

  torch::autograd::variable_list apply(torch::autograd::variable_list&& grads) override {
    std::vector<void*> results(num_outputs(), nullptr);
    void* grad = give(grads[0]);
    int failed = backward(token, grad, results.data(), static_cast<int>(results.size()));
    torch::autograd::variable_list given;
    for (void* result : results)
      given.push_back(result == nullptr ? at::Tensor() : at::Tensor(TensorPointer::reclaim(static_cast<TensorImpl*>(result))));
    TORCH_CHECK(!failed, last_error);
    return given;
  }

  int64_t token;
  ApplyBackward backward;
  ReleaseFunction release;
};

}  // namespace

SLT_EXPORT void slt_set_last_error(const char* message) { fail(message); }

// Ties an output that was computed without a graph to its inputs; the token is released with the graph.
SLT_EXPORT int slt_function(void* output, void** inputs, int count, int64_t token, ApplyBackward apply, ReleaseFunction release) {
  return guarded([&] {
    std::shared_ptr<ManagedFunction> node(new ManagedFunction(token, apply, release), torch::autograd::deleteNode);
    node->set_next_edges(torch::autograd::collect_next_edges(borrow_all(inputs, count)));
    auto result = borrow(output);
    torch::autograd::set_history(result, node);
  });
}

SLT_EXPORT int slt_grad_mode() { return at::GradMode::is_enabled(); }
SLT_EXPORT void slt_set_grad_mode(int enabled) { at::GradMode::set_enabled(enabled != 0); }
SLT_EXPORT int slt_inference_mode() { return c10::InferenceMode::is_enabled(); }
SLT_EXPORT void* slt_inference_mode_enter(int enabled) { return new c10::InferenceMode(enabled != 0); }
SLT_EXPORT void slt_inference_mode_leave(void* guard) { delete static_cast<c10::InferenceMode*>(guard); }

// Threads. OpenBLAS keeps a count of its own.
SLT_EXPORT int slt_num_threads() { return at::get_num_threads(); }
SLT_EXPORT int slt_set_num_threads(int count) {
  return guarded([&] {
    at::set_num_threads(count);
    if (auto set = reinterpret_cast<void (*)(int)>(openblas_symbol("openblas_set_num_threads"))) set(count);
  });
}
SLT_EXPORT int slt_num_interop_threads() { return at::get_num_interop_threads(); }
SLT_EXPORT int slt_set_num_interop_threads(int count) { return guarded([&] { at::set_num_interop_threads(count); }); }

// Random numbers.
SLT_EXPORT int slt_manual_seed(int64_t seed) { return guarded([&] { at::manual_seed(static_cast<uint64_t>(seed)); }); }
SLT_EXPORT int slt_generator_new(int is_default, uint64_t seed, void** generator) {
  return guarded([&] { *generator = new at::Generator(make_generator(is_default != 0, seed)); });
}
SLT_EXPORT void slt_generator_release(void* generator) { delete static_cast<at::Generator*>(generator); }
SLT_EXPORT int slt_generator_seed(void* generator, int set, uint64_t* seed) {
  return guarded([&] {
    auto& target = *static_cast<at::Generator*>(generator);
    std::lock_guard<std::mutex> lock(target.mutex());
    if (set == 1) target.set_current_seed(*seed);
    else *seed = set == 0 ? target.current_seed() : target.seed();
  });
}
SLT_EXPORT int slt_generator_state(void* generator, void* state, void** result) {
  return guarded([&] {
    auto& target = *static_cast<at::Generator*>(generator);
    std::lock_guard<std::mutex> lock(target.mutex());
    if (state != nullptr) target.set_state(borrow(state)); else *result = give(target.get_state());
  });
}

// CUDA, when the libtorch has it.
SLT_EXPORT int slt_cuda_device_count(int* count) {
  return guarded([&] {
    *count = c10::impl::hasDeviceGuardImpl(c10::kCUDA) ? c10::impl::VirtualGuardImpl(c10::kCUDA).deviceCount() : 0;
  });
}
SLT_EXPORT int slt_cuda_manual_seed(int64_t seed) {
  return guarded([&] {
    auto count = c10::impl::VirtualGuardImpl(c10::kCUDA).deviceCount();
    for (c10::DeviceIndex i = 0; i < count; i++) {
      auto generator = at::globalContext().defaultGenerator(c10::Device(c10::kCUDA, i));
      std::lock_guard<std::mutex> lock(generator.mutex());
      generator.set_current_seed(static_cast<uint64_t>(seed));
    }
  });
}
SLT_EXPORT int slt_cuda_synchronize(int index) {
  return guarded([&] {
    TORCH_CHECK(c10::impl::hasDeviceGuardImpl(c10::kCUDA), "this libtorch has no CUDA device");
    c10::OptionalDeviceGuard guard;
    if (index >= 0) guard.reset_device(c10::Device(c10::kCUDA, static_cast<c10::DeviceIndex>(index)));
    auto synchronize = reinterpret_cast<void (*)()>(symbol_in("libc10_cuda.so", "_ZN3c104cuda18device_synchronizeEv"));
    TORCH_CHECK(synchronize != nullptr, "libc10_cuda.so has no device_synchronize");
    synchronize();
  });
}
SLT_EXPORT int slt_deterministic() { return at::globalContext().deterministicAlgorithms(); }
SLT_EXPORT int slt_set_deterministic(int enabled, int warn_only) {
  return guarded([&] {
    at::globalContext().setDeterministicAlgorithms(enabled != 0, warn_only != 0);
    at::globalContext().setDeterministicCuDNN(enabled != 0);
  });
}

// About this libtorch.
SLT_EXPORT const char* slt_version() { return TORCH_VERSION; }
SLT_EXPORT const char* slt_config() {
  static const std::string config = [] { try { return at::show_config(); } catch (...) { return std::string(); } }();
  return config.c_str();
}
SLT_EXPORT const char* slt_blas() {
  auto get = reinterpret_cast<char* (*)()>(openblas_symbol("openblas_get_config"));
  return get == nullptr ? "" : get();
}
