# All images, for all architectures that Optio runs on:
#
#   docker buildx bake --file images/bake.hcl
#   docker buildx bake --file images/bake.hcl --set '*.output=type=registry' optio agent
#
# REPOSITORY and VERSION come from the environment.

variable "REPOSITORY" { default = "" }
variable "VERSION" { default = "0.1.0" }
variable "PLATFORMS" { default = "linux/amd64,linux/arm64" }

function "named" {
  params = [name]
  result = ["${REPOSITORY}${name}:${VERSION}"]
}

group "default" {
  targets = ["optio", "agent", "node", "python", "go", "rust", "full"]
}

target "common" {
  context   = "."
  platforms = split(",", PLATFORMS)
  args      = { VERSION = VERSION }
}

target "optio" {
  inherits   = ["common"]
  dockerfile = "images/optio/Dockerfile"
  tags       = named("optio")
}

target "agent" {
  inherits   = ["common"]
  dockerfile = "images/agent/Dockerfile"
  tags       = named("optio-agent")
}

target "preset" {
  inherits = ["common"]
  args     = { BASE = "base" }
  contexts = { base = "target:agent" }
}

target "node" {
  inherits   = ["preset"]
  dockerfile = "images/node/Dockerfile"
  tags       = named("optio-agent-node")
}

target "python" {
  inherits   = ["preset"]
  dockerfile = "images/python/Dockerfile"
  tags       = named("optio-agent-python")
}

target "go" {
  inherits   = ["preset"]
  dockerfile = "images/go/Dockerfile"
  tags       = named("optio-agent-go")
}

target "rust" {
  inherits   = ["preset"]
  dockerfile = "images/rust/Dockerfile"
  tags       = named("optio-agent-rust")
}

target "full" {
  inherits   = ["common"]
  dockerfile = "images/full/Dockerfile"
  tags       = named("optio-agent-full")
  args       = { BASE = "with-python", NODE = "with-node", GO = "with-go", RUST = "with-rust" }
  contexts = {
    with-python = "target:python"
    with-node   = "target:node"
    with-go     = "target:go"
    with-rust   = "target:rust"
  }
}
