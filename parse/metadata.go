package parse

import (
	"bytes"

	"github.com/valyala/fastjson"
)

// Where shippers name the service and the environment inside their description of a container:
// "kubernetes" of Fluent Bit, Vector and Filebeat, "container" of Filebeat, "attrs" of Docker, "label"
// of Vector and "docker" of logspout. Labels that an operator chose go before names that the
// orchestrator made.
var (
	labelSets     = [...]string{"labels", "pod_labels", "label"}
	serviceLabels = [...]Path{
		NewPath("app.kubernetes.io/name"), NewPath("app_kubernetes_io/name"), NewPath("app"), NewPath("k8s-app"),
		NewPath("com.docker.compose.service"), NewPath("com_docker_compose_service"),
		NewPath("com.docker.swarm.service.name"), NewPath("com_docker_swarm_service_name"),
		NewPath("io.kubernetes.container.name"),
	}
	serviceNames = [...]Path{NewPath("container_name"), NewPath("container.name"), NewPath("name")}
	envLabels    = [...]Path{
		NewPath("env"), NewPath("environment"), NewPath("ENV"), NewPath("ENVIRONMENT"),
		NewPath("tags.datadoghq.com/env"), NewPath("tags_datadoghq_com/env"),
	}
)

// metadata finds the service or env in such an object. One that names none is no mistake.
func (p *Parser) metadata(f field, v *fastjson.Value) ([]byte, State) {
	if v.GetObject() == nil {
		return nil, Absent
	}
	labels := serviceLabels[:]
	if f == fieldEnv {
		labels = envLabels[:]
	}
	for _, set := range labelSets {
		if set := v.Get(set); set != nil {
			if text := p.firstScalar(set, labels); text != nil {
				return text, Present
			}
		}
	}
	if text := p.firstScalar(v, labels); text != nil {
		return text, Present
	}
	if f == fieldEnv {
		return nil, Absent
	}
	if text := bytes.TrimPrefix(p.firstScalar(v, serviceNames[:]), []byte("/")); len(text) > 0 {
		return text, Present
	}
	return nil, Absent
}

func (p *Parser) firstScalar(v *fastjson.Value, paths []Path) []byte {
	for _, path := range paths {
		if text, s := p.scalar(path.in(v)); s == Present {
			return text
		}
	}
	return nil
}
